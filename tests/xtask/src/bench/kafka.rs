//! Apache Kafka, from the jars of the Java tests, as its own start script runs it.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::broker::{Launch, free_port};
use crate::shell::{root, run};

/// The jars.
pub struct Program {
    libs: PathBuf,
}

/// `kafka-server-start.sh` and `kafka-run-class.sh`: the heap, and what they say to the JVM.
const JVM: &[&str] = &[
    "-Xms1g",
    "-Xmx1g",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// Any UUID will do.
const CLUSTER_ID: &str = "Y29ydmlkLWJlbmNobWFyaw";

impl Program {
    /// Takes the jars from where the Java tests have them, or from Maven Central.
    pub fn fetch() -> anyhow::Result<Self> {
        let (pom, libs) = (
            root().join("tests/clients/java/pom.xml"),
            root().join("target/clients/java/libs"),
        );
        let there = fs::read_dir(&libs).is_ok_and(|mut jars| {
            jars.any(|jar| jar.is_ok_and(|jar| jar.file_name().to_string_lossy().starts_with("kafka_2.13-")))
        });
        if !there {
            let mut maven = Command::new("mvn");
            maven.args(["-q", "-B", "dependency:copy-dependencies", "-f"]).arg(pom);
            run(maven.arg(format!("-DoutputDirectory={}", libs.display())))?;
        }
        Ok(Self { libs })
    }

    /// A broker and controller in one process that keeps its data in `folder`, which is formatted if it is new.
    pub fn command(&self, folder: &Path) -> anyhow::Result<Launch> {
        let port = free_port()?;
        let properties = folder.join("server.properties");
        let new = !properties.exists();
        fs::create_dir_all(folder)?;
        fs::write(&properties, settings(folder, port, free_port()?))?;
        if new {
            let mut format = self.java(folder, &["-Xmx256m"], "kafka.tools.StorageTool")?;
            run(format.args(["format", "-t", CLUSTER_ID, "-c"]).arg(&properties))?;
        }
        let mut command = self.java(folder, JVM, "kafka.Kafka")?;
        command.arg(properties);
        Ok(Launch { command, port })
    }

    fn java(&self, folder: &Path, options: &[&str], class: &str) -> anyhow::Result<Command> {
        let logging = root().join("tests/clients/java/log4j2.properties");
        let mut command = Command::new("java");
        command
            .args(options)
            .arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command
            .arg("-cp")
            .arg(self.libs.join("*"))
            .arg(class)
            .current_dir(folder);
        let out = File::options().create(true).append(true).open(folder.join("out"))?;
        command.stdout(out.try_clone()?).stderr(out);
        Ok(command)
    }
}

/// Kafka's defaults, but for what one node on loopback needs.
fn settings(folder: &Path, port: u16, controller: u16) -> String {
    let mut text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAINTEXT\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\nlog.dirs={}\n",
        folder.join("data").display()
    );
    for topic in [
        "offsets.topic",
        "transaction.state.log",
        "share.coordinator.state.topic",
    ] {
        let _ = writeln!(text, "{topic}.replication.factor=1");
    }
    text.push_str("transaction.state.log.min.isr=1\nshare.coordinator.state.topic.min.isr=1\n");
    text
}
