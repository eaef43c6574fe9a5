//! The comparison.

use super::{Desired, Plan, PlanError};
use crate::image::Image;

/// What has to be done to give the image what the file wants.
pub fn plan(_image: &Image, _desired: &Desired) -> Result<Plan, PlanError> {
    todo!()
}
