//! `meta.properties`: whose directory it is, in Kafka's format.

use std::collections::BTreeMap;
use std::io;

use corvid_env::fs::Dir;
use corvid_env::random;

use super::CHECKPOINT_BYTES_MAX;
use crate::config::LogDirectoryConfig;
use crate::error::OpenError;
use crate::names;

/// Whose directory it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "they are named as the file names them")]
pub(super) struct MetaProperties {
    pub cluster_id: Option<String>,
    pub node_id: i32,
    pub directory_id: [u8; 16],
}

impl MetaProperties {
    /// What the directory says of itself, checked; a new directory is given to the cluster and node of the settings.
    pub async fn read_or_create(dir: &Dir, config: &LogDirectoryConfig) -> Result<Self, OpenError> {
        let found = match dir.read(names::META_PROPERTIES, CHECKPOINT_BYTES_MAX) {
            Ok(bytes) => Some(Self::parse(dir, &String::from_utf8_lossy(&bytes))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(OpenError::Io {
                    path: dir.path().join(names::META_PROPERTIES),
                    error,
                });
            }
        };
        let properties = match &found {
            Some(found) => found.checked(dir, config)?,
            None => Self {
                cluster_id: config.cluster_id.clone(),
                node_id: config.node_id,
                directory_id: random::uuid(),
            },
        };
        if found.as_ref() != Some(&properties) {
            let written = dir
                .write_atomic(names::META_PROPERTIES, properties.text().as_bytes())
                .await;
            written.map_err(|error| OpenError::Io {
                path: dir.path().join(names::META_PROPERTIES),
                error,
            })?;
        }
        Ok(properties)
    }

    fn checked(&self, dir: &Dir, config: &LogDirectoryConfig) -> Result<Self, OpenError> {
        let foreign = |key, found: &dyn ToString, expected: &dyn ToString| OpenError::Foreign {
            path: dir.path().to_path_buf(),
            key,
            found: found.to_string(),
            expected: expected.to_string(),
        };
        if let (Some(found), Some(expected)) = (&self.cluster_id, &config.cluster_id)
            && found != expected
        {
            return Err(foreign("cluster.id", found, expected));
        }
        if self.node_id != config.node_id {
            return Err(foreign("node.id", &self.node_id, &config.node_id));
        }
        Ok(Self {
            cluster_id: self.cluster_id.clone().or_else(|| config.cluster_id.clone()),
            ..self.clone()
        })
    }

    fn text(&self) -> String {
        let cluster = self
            .cluster_id
            .as_ref()
            .map(|id| format!("cluster.id={id}\n"))
            .unwrap_or_default();
        let directory = base64url(&self.directory_id);
        format!(
            "{cluster}directory.id={directory}\nnode.id={}\nversion={}\n",
            self.node_id,
            names::META_PROPERTIES_VERSION
        )
    }

    fn parse(dir: &Dir, text: &str) -> Result<Self, OpenError> {
        let path = dir.path().join(names::META_PROPERTIES);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let properties: BTreeMap<&str, &str> = lines.filter_map(|line| line.split_once('=')).collect();
        let bad = |key: &str| {
            let error = io::Error::new(io::ErrorKind::InvalidData, format!("it has no good `{key}`"));
            OpenError::Io {
                path: path.clone(),
                error,
            }
        };
        let number = |key: &str| {
            properties
                .get(key)
                .and_then(|value| value.parse().ok())
                .ok_or_else(|| bad(key))
        };
        let version = number("version")?;
        if version != names::META_PROPERTIES_VERSION as i32 {
            return Err(OpenError::Version {
                file: path,
                found: version as u32,
                supported: names::META_PROPERTIES_VERSION,
            });
        }
        let directory_id = properties
            .get("directory.id")
            .and_then(|id| from_base64url(id))
            .ok_or_else(|| bad("directory.id"))?;
        let cluster_id = properties.get("cluster.id").map(|&id| id.to_owned());
        Ok(Self {
            cluster_id,
            node_id: number("node.id")?,
            directory_id,
        })
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 16 bytes as Kafka writes ids: base64url without padding.
fn base64url(id: &[u8; 16]) -> String {
    let bits = u128::from_be_bytes(*id);
    // 22 symbols have 132 bits: the last four are zero.
    (0..22u32)
        .map(|symbol| {
            let six = if symbol == 21 {
                bits << 4
            } else {
                bits >> (122 - 6 * symbol)
            };
            char::from(ALPHABET[(six & 63) as usize])
        })
        .collect()
}

fn from_base64url(text: &str) -> Option<[u8; 16]> {
    if text.len() != 22 {
        return None;
    }
    let mut bits = 0u128;
    for (index, byte) in text.bytes().enumerate() {
        let six = ALPHABET.iter().position(|&symbol| symbol == byte)? as u128;
        bits = if index == 21 {
            bits << 2 | six >> 4
        } else {
            bits << 6 | six
        };
    }
    Some(bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_kafka_writes_them() {
        // The metadata topic's id, and one from Kafka's own tests.
        let one = 1u128.to_be_bytes();
        assert_eq!(base64url(&one), "AAAAAAAAAAAAAAAAAAAAAQ");
        for id in [one, [0xff; 16], *b"0123456789abcdef"] {
            assert_eq!(from_base64url(&base64url(&id)), Some(id));
        }
        assert_eq!(base64url(b"0123456789abcdef"), "MDEyMzQ1Njc4OWFiY2RlZg");
        assert_eq!(from_base64url("MDEyMzQ1Njc4OWFiY2Rl!g"), None);
    }

    #[tokio::test]
    async fn a_directory_stays_with_its_node_and_cluster() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let config = |cluster: Option<&str>, node_id| LogDirectoryConfig {
            cluster_id: cluster.map(str::to_owned),
            node_id,
            ..LogDirectoryConfig::default()
        };
        let made = MetaProperties::read_or_create(&dir, &config(None, 1)).await.unwrap();
        let given = MetaProperties::read_or_create(&dir, &config(Some("a"), 1))
            .await
            .unwrap();
        assert_eq!(
            (given.directory_id, given.cluster_id.as_deref()),
            (made.directory_id, Some("a"))
        );
        assert_eq!(
            MetaProperties::read_or_create(&dir, &config(None, 1)).await.unwrap(),
            given
        );
        for (cluster, node) in [(Some("b"), 1), (Some("a"), 2)] {
            let refused = MetaProperties::read_or_create(&dir, &config(cluster, node)).await;
            assert!(matches!(refused, Err(OpenError::Foreign { .. })), "{refused:?}");
        }
    }
}
