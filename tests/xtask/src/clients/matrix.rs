//! What is shown in the end: client × scenario.

use std::collections::BTreeMap;

use super::play::{Answer, Ending};
use super::scenarios::{CLIENTS, Scenario};

/// Every answer, by scenario and client.
#[derive(Default)]
pub struct Matrix {
    answers: BTreeMap<(String, String), Answer>,
}

impl Matrix {
    /// Takes an answer, and tells of it.
    pub fn note(&mut self, scenario: &str, client: &str, answer: Answer) {
        let seconds = answer.took.as_secs_f64();
        println!(
            "{:4}  {client:8} {scenario:36} {seconds:5.1} s  {}",
            word(answer.result),
            answer.detail
        );
        self.answers.insert((scenario.to_owned(), client.to_owned()), answer);
    }

    /// How many have passed, and how many not: a client that declines what the list says it does has failed.
    pub fn totals(&self) -> (usize, usize) {
        let passed = self
            .answers
            .values()
            .filter(|answer| answer.result == Ending::Passed)
            .count();
        (passed, self.answers.len() - passed)
    }

    /// The table, the limitations of clients, and what is wrong.
    pub fn show(&self, scenarios: &[&Scenario], clients: &[&str]) {
        let (own, of_all): (Vec<&Scenario>, Vec<&Scenario>) =
            scenarios.iter().partition(|scenario| scenario.is_applications());
        self.show_table(&of_all, clients);
        println!();
        for scenario in own {
            for client in scenario
                .clients
                .iter()
                .filter(|client| clients.contains(&client.as_str()))
            {
                println!("{:36}{client:9}{}", scenario.name, self.cell(scenario, client));
            }
        }
        println!("\nn/a, because of the client:");
        for client in CLIENTS.iter().filter(|client| clients.contains(client)) {
            let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for scenario in scenarios {
                if let Some(reason) = scenario.limitation(client) {
                    reasons.entry(reason).or_default().push(&scenario.name);
                }
            }
            for (reason, names) in reasons {
                println!("  {client}: {}: {reason}", names.join(", "));
            }
        }
        for ((scenario, client), answer) in &self.answers {
            if answer.result != Ending::Passed {
                println!("\n{}: {client}, {scenario}: {}", word(answer.result), answer.detail);
            }
        }
    }

    fn show_table(&self, scenarios: &[&Scenario], clients: &[&str]) {
        let clients: Vec<&str> = CLIENTS
            .iter()
            .copied()
            .filter(|client| clients.contains(client))
            .collect();
        println!(
            "\n{:36}{}",
            "scenario",
            clients.iter().map(|client| format!("{client:9}")).collect::<String>()
        );
        for scenario in scenarios {
            let cells = clients
                .iter()
                .map(|client| format!("{:9}", self.cell(scenario, client)));
            println!("{:36}{}", scenario.name, cells.collect::<String>().trim_end());
        }
    }

    fn cell(&self, scenario: &Scenario, client: &str) -> &'static str {
        match self.answers.get(&(scenario.name.clone(), client.to_owned())) {
            Some(answer) => word(answer.result),
            None => "n/a",
        }
    }
}

fn word(ending: Ending) -> &'static str {
    match ending {
        Ending::Passed => "pass",
        Ending::Failed => "fail",
        Ending::Declined => "n/a!",
    }
}
