//! Sends every key where Kafka's Java client sends it, whatever client produces: one placement for all of them.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export, partition_for_key};

/// The plugin.
pub struct Murmur2Partitioner;

impl Partitioner for Murmur2Partitioner {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&[])?;
        Ok(Murmur2Partitioner)
    }

    /// What has no key stays: each client spreads such records in its own way, and means nothing by it.
    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        match record.key() {
            Some(key) => Route::To(partition_for_key(key, topic.partitions)),
            None => Route::Keep,
        }
    }
}

export!(partitioner = Murmur2Partitioner);

#[cfg(test)]
mod tests {
    use super::Murmur2Partitioner;
    use corvid_plugin_sdk::Route::{self, Keep, To};
    use corvid_plugin_sdk::testing::{Call, RecordBuilder};

    fn routes(call: &Call) -> Vec<Route> {
        call.partition::<Murmur2Partitioner>("{}").unwrap()
    }

    fn keys(keys: &[&[u8]]) -> Call {
        Call::new(keys.iter().map(|key| RecordBuilder::new().key(key).value("v")))
    }

    /// The hashes of `UtilsTest.testMurmur2` in Apache Kafka, which its producer makes positive and takes modulo.
    #[test]
    fn a_key_goes_where_the_java_client_sends_it() {
        let known: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for partitions in [1, 2, 7, 12, 1000, i32::MAX] {
            let call = keys(&known.map(|(key, _)| key)).partitions(partitions).chosen(0);
            let expected = known.map(|(_, hash)| To((hash & i32::MAX) % partitions));
            assert_eq!(routes(&call), expected, "{partitions} partitions");
        }
    }

    /// The bug: an empty key, which has a hash, taken for none; or a null key hashed, so that all such records
    /// are in one partition.
    #[test]
    fn a_null_key_stays_and_an_empty_one_does_not() {
        let records = [
            RecordBuilder::new().value("v"),
            RecordBuilder::new().key("").value("v"),
            RecordBuilder::new().key([0xff, 0x00]).tombstone(),
        ];
        let call = Call::new(records).partitions(1000).chosen(3);
        // As `Utils.murmur2` of kafka-clients 4 answers for these bytes.
        let expected = [Keep, To(275_646_681 % 1000), To(1_945_074_367 % 1000)];
        assert_eq!(routes(&call), expected);
    }

    #[test]
    fn there_is_nothing_to_configure() {
        let error = keys(&[]).partition::<Murmur2Partitioner>(r#"{"seed": 1}"#).unwrap_err();
        assert_eq!(error, "`seed` is not a key; there are none");
    }
}
