//! From one image to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{BrokerImage, Conflict, Image, TopicImage, partitions};
use crate::config::Configs;
use crate::ids::{NodeId, PartitionIndex, TopicId, uuid_from_text};
use crate::limits::{PRODUCER_ID_END, SOURCE_END};
use crate::record::{AppliedKeys, FORMAT_VERSION, PartitionRecord, Record};
use crate::topic_name;

impl Image {
    /// The image after this batch, or why it can't follow. All or nothing: `self` stays as it is.
    pub fn apply(&self, records: &[Record]) -> Result<Image, Conflict> {
        let mut next = Step {
            image: self.clone(),
            touched: BTreeSet::new(),
            plugins_removed: false,
        };
        for record in records {
            next.apply_one(record)?;
        }
        next.finish()
    }
}

/// An image on its way. What spans records (a binding and its plugin) is checked at the end, so
/// that their order in a batch does not matter.
struct Step {
    image: Image,
    touched: BTreeSet<TopicId>,
    plugins_removed: bool,
}

impl Step {
    fn finish(mut self) -> Result<Image, Conflict> {
        if self.plugins_removed {
            self.touched.extend(self.image.topics.iter().map(|(id, _)| *id));
        }
        for topic in self.touched.iter().filter_map(|id| self.image.topics.get(id)) {
            self.image.check_bindings(topic)?;
        }
        self.image.version += 1;
        Ok(self.image)
    }

    fn apply_one(&mut self, record: &Record) -> Result<(), Conflict> {
        match record {
            Record::FormatVersion { version } => self.format_version(*version)?,
            Record::ClusterId { id } => self.cluster_id(id)?,
            Record::RegisterBroker {
                node,
                incarnation,
                host,
                port,
                rack,
            } => self.register_broker(BrokerImage {
                node: *node,
                incarnation: incarnation.clone(),
                host: host.clone(),
                port: *port,
                rack: rack.clone(),
            })?,
            Record::CreateTopic {
                id,
                name,
                partitions,
                configs,
            } => self.create_topic(*id, name, partitions, configs)?,
            Record::DeleteTopic { id } => self.delete_topic(*id)?,
            Record::AddPartitions { id, from, partitions } => self.add_partitions(*id, *from, partitions)?,
            Record::SetTopicConfig { topic, key, value } => self.set_topic_config(*topic, key, value.as_deref())?,
            Record::SetBrokerConfig { node, key, value } => self.set_broker_config(*node, key, value.as_deref()),
            Record::SetGroupConfig { group, key, value } => self.set_group_config(group, key, value.as_deref()),
            Record::ChangePartition {
                topic,
                partition,
                leader,
                leader_epoch,
                isr,
            } => partitions::change(self.topic_mut(*topic)?, *partition, *leader, *leader_epoch, isr)?,
            Record::AllocateProducerIds { first, count } => self.allocate_producer_ids(*first, *count)?,
            Record::AllocateSource {
                topic,
                partition,
                source,
            } => self.allocate_source(*topic, *partition, *source)?,
            Record::AddRoute { topic, target } => self.add_route(*topic, *target)?,
            Record::RemoveRoute { topic, target } => self.remove_route(*topic, *target)?,
            Record::PutPlugin { name, plugin } => self.image.put_plugin(name, plugin)?,
            Record::TryPlugin { name, plugin, rollout } => self.image.try_plugin(name, plugin, rollout)?,
            Record::PromotePlugin { name, generation } => self.image.promote_plugin(name, *generation)?,
            Record::AbandonPlugin { name, generation } => self.image.abandon_plugin(name, *generation)?,
            Record::RemovePlugin { name } => {
                self.plugins_removed = true;
                self.image.remove_plugin(name)?;
            }
            Record::AppliedKeys { owner, keys } => self.applied_keys(owner, keys),
        }
        Ok(())
    }

    fn topic_mut(&mut self, id: TopicId) -> Result<&mut TopicImage, Conflict> {
        self.image
            .topics
            .get_mut(&id)
            .map(Arc::make_mut)
            .ok_or(Conflict::UnknownTopic(id))
    }

    fn format_version(&mut self, version: u32) -> Result<(), Conflict> {
        if version > FORMAT_VERSION {
            return Err(Conflict::UnknownFormat {
                version,
                known: FORMAT_VERSION,
            });
        }
        self.image.format_version = version;
        Ok(())
    }

    fn cluster_id(&mut self, id: &str) -> Result<(), Conflict> {
        if let Some(present) = &self.image.cluster_id {
            return Err(Conflict::ClusterIdSet(present.to_string()));
        }
        uuid_from_text(id).map_err(|error| Conflict::BadClusterId(error.text))?;
        self.image.cluster_id = Some(id.into());
        Ok(())
    }

    fn register_broker(&mut self, broker: BrokerImage) -> Result<(), Conflict> {
        let node = broker.node;
        if self
            .image
            .broker(node)
            .is_some_and(|known| known.incarnation == broker.incarnation)
        {
            return Err(Conflict::AlreadyRegistered {
                node,
                incarnation: broker.incarnation,
            });
        }
        Arc::make_mut(&mut self.image.brokers).insert(node, broker);
        self.begin_epochs(node);
        Ok(())
    }

    /// Every partition that the node leads gets the next leader epoch.
    fn begin_epochs(&mut self, node: NodeId) {
        let leads = |topic: &TopicImage| topic.partitions.iter().any(|partition| partition.leader == Some(node));
        let led: Vec<TopicId> = self
            .image
            .topics
            .values()
            .filter(|topic| leads(topic))
            .map(|topic| topic.id)
            .collect();
        for id in led {
            let topic = self
                .image
                .topics
                .get_mut(&id)
                .expect("the id was just read from the map");
            for partition in &mut Arc::make_mut(topic).partitions {
                if partition.leader == Some(node) {
                    partition.leader_epoch = partition.leader_epoch.saturating_add(1);
                }
            }
        }
    }

    fn create_topic(
        &mut self,
        id: TopicId,
        name: &str,
        partitions: &[PartitionRecord],
        configs: &Configs,
    ) -> Result<(), Conflict> {
        topic_name::check(name)?;
        if let Some(other) = self.image.topic_like(name) {
            return Err(if other.name == name {
                Conflict::TopicExists {
                    name: name.to_owned(),
                    id: other.id,
                }
            } else {
                Conflict::TopicCollides {
                    name: name.to_owned(),
                    other: other.name.clone(),
                }
            });
        }
        if id == TopicId::ZERO || self.image.topics.contains_key(&id) {
            return Err(Conflict::TopicIdTaken(id));
        }
        let partitions = partitions::new(name, partitions)?;
        let topic = TopicImage {
            id,
            name: name.to_owned(),
            partitions,
            configs: configs.clone(),
            routes: BTreeSet::new(),
        };
        self.image.names.insert(topic_name::fold(name).into(), id);
        self.image.topics.insert(id, Arc::new(topic));
        self.touched.insert(id);
        Ok(())
    }

    fn delete_topic(&mut self, id: TopicId) -> Result<(), Conflict> {
        let topic = self.image.topics.remove(&id).ok_or(Conflict::UnknownTopic(id))?;
        self.image.names.remove(topic_name::fold(&topic.name).as_str());
        let sends_here = |topic: &&Arc<TopicImage>| topic.routes.contains(&id);
        let senders: Vec<TopicId> = self
            .image
            .topics
            .values()
            .filter(sends_here)
            .map(|topic| topic.id)
            .collect();
        for sender in senders {
            self.topic_mut(sender)?.routes.remove(&id);
        }
        Ok(())
    }

    fn add_partitions(&mut self, id: TopicId, from: i32, added: &[PartitionRecord]) -> Result<(), Conflict> {
        let topic = self.topic_mut(id)?;
        let have = topic.partitions.len() as i32;
        if have != from {
            return Err(Conflict::PartitionsMoved {
                topic: topic.name.clone(),
                have,
                expected: from,
            });
        }
        topic.partitions.extend(partitions::new(&topic.name, added)?);
        Ok(())
    }

    fn set_topic_config(&mut self, id: TopicId, key: &str, value: Option<&str>) -> Result<(), Conflict> {
        let configs = &mut self.topic_mut(id)?.configs;
        match value {
            Some(value) => configs.insert(key.to_owned(), value.to_owned()),
            None => configs.remove(key),
        };
        self.touched.insert(id);
        Ok(())
    }

    fn set_broker_config(&mut self, node: Option<NodeId>, key: &str, value: Option<&str>) {
        set_in(Arc::make_mut(&mut self.image.broker_configs), node, key, value);
    }

    fn set_group_config(&mut self, group: &str, key: &str, value: Option<&str>) {
        set_in(
            Arc::make_mut(&mut self.image.group_configs),
            group.to_owned(),
            key,
            value,
        );
    }

    fn allocate_producer_ids(&mut self, first: i64, count: i32) -> Result<(), Conflict> {
        let next = self.image.next_producer_id;
        if first != next {
            return Err(Conflict::ProducerIdsMoved { next, first });
        }
        let end = first
            .checked_add(i64::from(count))
            .filter(|end| count > 0 && *end <= PRODUCER_ID_END);
        self.image.next_producer_id = end.ok_or(Conflict::BadProducerIds { first, count })?;
        Ok(())
    }

    fn allocate_source(&mut self, topic: TopicId, partition: PartitionIndex, source: u32) -> Result<(), Conflict> {
        let next = self.image.next_source;
        partitions::set_source(self.topic_mut(topic)?, partition, source)?;
        if source != next {
            return Err(Conflict::SourcesMoved { next, given: source });
        }
        if source >= SOURCE_END {
            return Err(Conflict::NoSourcesLeft);
        }
        self.image.next_source = source + 1;
        Ok(())
    }

    fn add_route(&mut self, topic: TopicId, target: TopicId) -> Result<(), Conflict> {
        if !self.image.topics.contains_key(&target) {
            return Err(Conflict::UnknownTopic(target));
        }
        self.topic_mut(topic)?.routes.insert(target);
        Ok(())
    }

    fn remove_route(&mut self, topic: TopicId, target: TopicId) -> Result<(), Conflict> {
        if self.topic_mut(topic)?.routes.remove(&target) {
            Ok(())
        } else {
            Err(Conflict::UnknownRoute { topic, target })
        }
    }

    fn applied_keys(&mut self, owner: &str, keys: &AppliedKeys) {
        let applied = Arc::make_mut(&mut self.image.applied);
        if *keys == AppliedKeys::default() {
            applied.remove(owner);
        } else {
            applied.insert(owner.to_owned(), keys.clone());
        }
    }
}

/// Sets one key of one resource, or takes it away, and the resource with its last key.
fn set_in<R: Ord + Clone>(all: &mut BTreeMap<R, Configs>, resource: R, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        all.entry(resource)
            .or_default()
            .insert(key.to_owned(), value.to_owned());
    } else if let Some(configs) = all.get_mut(&resource) {
        configs.remove(key);
        if configs.is_empty() {
            all.remove(&resource);
        }
    }
}
