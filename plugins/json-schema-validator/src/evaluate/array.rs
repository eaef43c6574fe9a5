//! Arrays.

use super::marks::Marks;
use super::path::Path;
use super::unique::equal_items;
use super::{At, Evaluation, Stop};
use crate::schema::{ArrayRules, Node, NodeId, Range};

impl Evaluation<'_> {
    pub(super) fn array(
        &mut self,
        rules: Option<&ArrayRules>,
        at: At<'_>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        let Some(rules) = rules else { return Ok(()) };
        let mut length = 0;
        for (index, value) in at.value.items().enumerate() {
            length += 1;
            if let Some(schema) = rules.prefix.get(index).or(rules.items.as_ref()) {
                self.check(
                    *schema,
                    At {
                        value,
                        path: &Path::Item { of: at.path, index },
                        ..at
                    },
                    None,
                )?;
                if let Some(marks) = &mut marks {
                    marks.set(index);
                }
            }
        }
        if !rules.length.holds(length) {
            self.failed(at, format_args!("must have {} items, has {length}", rules.length))?;
        }
        if let Some(contains) = rules.contains {
            self.contains(
                contains,
                rules.contained.unwrap_or(Range { min: 1, max: None }),
                at,
                marks,
            )?;
        }
        if rules.unique
            && let Some((a, b)) = equal_items(at.value)
        {
            self.failed(at, format_args!("must have no equal items, but items {a} and {b} are"))?;
        }
        Ok(())
    }

    fn contains(
        &mut self,
        schema: NodeId,
        wanted: Range,
        at: At<'_>,
        mut marks: Option<&mut Marks>,
    ) -> Result<(), Stop> {
        let mut found = 0;
        for (index, value) in at.value.items().enumerate() {
            if self.holds(
                schema,
                At {
                    value,
                    path: &Path::Item { of: at.path, index },
                    ..at
                },
                None,
            )? {
                found += 1;
                if let Some(marks) = &mut marks {
                    marks.set(index);
                }
            }
        }
        if wanted.holds(found) {
            return Ok(());
        }
        self.failed(
            at,
            format_args!("must have {wanted} items as `contains` says, has {found}"),
        )
    }

    /// Asks `unevaluatedItems`, or `unevaluatedProperties`, about what nothing has looked at.
    pub(super) fn unevaluated(&mut self, node: &Node, at: At<'_>, marks: &mut Marks) -> Result<(), Stop> {
        if let Some(schema) = node.unevaluated_items {
            for (index, value) in at.value.items().enumerate().filter(|(index, _)| !marks.is_set(*index)) {
                self.check(
                    schema,
                    At {
                        value,
                        path: &Path::Item { of: at.path, index },
                        ..at
                    },
                    None,
                )?;
            }
            (0..at.value.items().count()).for_each(|index| marks.set(index));
        }
        if let Some(schema) = node.unevaluated_properties {
            let unmarked = at
                .value
                .members()
                .enumerate()
                .filter(|(index, _)| !marks.is_set(*index));
            for (_, (name, value)) in unmarked {
                self.check(
                    schema,
                    At {
                        value,
                        path: &Path::Member { of: at.path, name },
                        ..at
                    },
                    None,
                )?;
            }
            (0..at.value.members().count()).for_each(|index| marks.set(index));
        }
        Ok(())
    }
}
