//! Orders of one region go to one partition.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export, json::Path, partition_for_key};

pub struct Plugin {
    field: Path,
    scratch: String,
}

impl Partitioner for Plugin {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["field"])?;
        let field = config.path("field")?.ok_or("`field` is missing")?;
        Ok(Plugin { field, scratch: String::new() })
    }

    fn partition(&mut self, record: &Record<'_>, topic: &Topic<'_>) -> Route {
        let Ok(value) = record.json() else { return Route::Keep };
        match value.find(&self.field).and_then(|region| region.as_str()) {
            Some(region) => Route::To(partition_for_key(region.read(&mut self.scratch).as_bytes(), topic.partitions)),
            None => Route::Keep,
        }
    }
}

export!(partitioner = Plugin);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use corvid_plugin_sdk::Route;
    use corvid_plugin_sdk::testing::{Call, RecordBuilder};

    #[test]
    fn one_region_goes_to_one_partition() {
        let orders = [r#"{"region": "eu"}"#, r#"{"region": "eu", "id": 7}"#, "no JSON"];
        let call = Call::new(orders.map(|order| RecordBuilder::new().value(order))).partitions(6);
        let routes = call.partition::<Plugin>(r#"{"field": "region"}"#).unwrap();
        assert!(matches!(routes[..], [Route::To(a), Route::To(b), Route::Keep] if a == b));
    }
}
