//! The guest's hooks without a guest: the very same code, compiled natively, reads the same input with the SDK's reader and
//! writes the same answer. What a plugin costs more is the sandbox: wasm for native code, the copy into the guest, the
//! checks of its answer.

use corvid_plugin_host::HookInput;
use corvid_plugin_sdk::guest::native::Run;

use crate::guest::corvid_native;

/// The plugin and its calls: all is there before the clock runs.
pub struct Native {
    plugin: Run,
    calls: Vec<Vec<u8>>,
    answer: Vec<u8>,
}

impl Native {
    /// What a guest would be given for `input`.
    pub fn new(input: &HookInput<'_>) -> Self {
        Self {
            plugin: corvid_native("{}", Vec::new()).expect("the bench's own plugin"),
            calls: input.calls(),
            answer: Vec::new(),
        }
    }

    /// Calls a hook, and shows each answer, as a guest would write it.
    pub fn call(&mut self, hook: &str, mut look: impl FnMut(&[u8])) {
        let Self { plugin, calls, answer } = self;
        for call in calls {
            answer.clear();
            assert!(plugin(hook, call, answer), "the bench's plugin has {hook}");
            look(answer);
        }
    }

    /// The partitions that the partitioner answers.
    pub fn routes(&mut self) -> Vec<i32> {
        let mut routes = Vec::new();
        self.call("partition", |answer| {
            let numbers = answer.chunks_exact(4);
            routes.extend(numbers.map(|number| i32::from_le_bytes([number[0], number[1], number[2], number[3]])));
        });
        routes
    }

    /// How many entries the answers of a validator or a transform have.
    pub fn entries(&mut self, hook: &str) -> usize {
        let mut entries = 0;
        self.call(hook, |answer| {
            let count = answer.first_chunk();
            entries += count.map_or(0, |count| u32::from_le_bytes(*count) as usize);
        });
        entries
    }
}
