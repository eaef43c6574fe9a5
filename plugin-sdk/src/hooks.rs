//! For plugins whose configuration decides which hooks they have.

/// Names the function that says which of the module's hooks this instance has, by their names in the contract
/// (`partition`, `validate`, `transform`). It is called once, after the plugin was made; the others are then not
/// called, and binding the plugin where it has no hook is refused.
///
/// ```
/// # use corvid_plugin_sdk::{Config, Record, Topic, Validator, Verdict, export};
/// # struct Any;
/// # impl Validator for Any {
/// #     fn new(_: &Config<'_>) -> Result<Self, String> { Ok(Any) }
/// #     fn validate(&mut self, _: &Record<'_>, _: &Topic<'_>) -> Verdict { Ok(()) }
/// # }
/// # export!(validator = Any);
/// fn hooks() -> Vec<&'static str> {
///     vec!["validate"]
/// }
///
/// corvid_plugin_sdk::export_hooks!(hooks);
/// ```
#[macro_export]
macro_rules! export_hooks {
    ($hooks:path) => {
        const _: () = {
            // SAFETY: of all names of a module, those that begin with `corvid_` are ours, and a module has one `export_hooks!`.
            #[cfg(target_arch = "wasm32")]
            #[unsafe(no_mangle)]
            extern "C" fn corvid_hooks() -> u64 {
                $crate::guest::hooks(&$hooks())
            }

            // Natively, this keeps the compiler from calling the function unused.
            #[cfg(not(target_arch = "wasm32"))]
            const _: fn() -> Vec<&'static str> = $hooks;
        };
    };
}
