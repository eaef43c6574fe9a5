//! The operations that a client is told it may do, if it asks: there is no authorizer, so all that a resource has.

/// Bits by the numbers of Kafka's `AclOperation`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operations(i32);

const READ: u32 = 3;
const WRITE: u32 = 4;
const CREATE: u32 = 5;
const DELETE: u32 = 6;
const ALTER: u32 = 7;
const DESCRIBE: u32 = 8;
const CLUSTER_ACTION: u32 = 9;
const DESCRIBE_CONFIGS: u32 = 10;
const ALTER_CONFIGS: u32 = 11;
const IDEMPOTENT_WRITE: u32 = 12;

/// Those of a topic.
pub(super) const TOPIC: Operations = Operations::of(&[
    READ,
    WRITE,
    CREATE,
    DELETE,
    ALTER,
    DESCRIBE,
    DESCRIBE_CONFIGS,
    ALTER_CONFIGS,
]);
/// Those of a group.
pub(super) const GROUP: Operations = Operations::of(&[READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);
/// Those of the cluster.
pub(super) const CLUSTER: Operations = Operations::of(&[
    CREATE,
    ALTER,
    DESCRIBE,
    CLUSTER_ACTION,
    DESCRIBE_CONFIGS,
    ALTER_CONFIGS,
    IDEMPOTENT_WRITE,
]);

impl Operations {
    const fn of(codes: &[u32]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < codes.len() {
            bits |= 1 << codes[at];
            at += 1;
        }
        Self(bits)
    }

    /// What an answer says: `i32::MIN` is Kafka's "not asked for".
    pub(super) fn told_if(self, asked: bool) -> i32 {
        if asked { self.0 } else { i32::MIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_numbers_of_a_kafka_without_an_authorizer() {
        assert_eq!((TOPIC.0, GROUP.0, CLUSTER.0), (3576, 3400, 8096));
        assert_eq!(TOPIC.told_if(false), i32::MIN);
    }
}
