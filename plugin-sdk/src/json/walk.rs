//! Goes over arrays and objects.

use super::{Json, JsonStr, scan};

/// The members of an object, in order. It ends where the text stops being JSON.
#[derive(Clone)]
pub struct Members<'a> {
    rest: Rest<'a>,
}

impl<'a> Members<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Members {
            rest: Rest::inside(text, b'{'),
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (JsonStr<'a>, Json<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = scan::string(self.rest.next_start()?)?;
        let (b':', rest) = scan::skip_space(rest).split_first()? else {
            return None;
        };
        let value = Json::lazy(rest);
        self.rest.end_value(value.text)?;
        Some((name, value))
    }
}

/// The items of an array, in order. It ends where the text stops being JSON.
#[derive(Clone)]
pub struct Items<'a> {
    rest: Rest<'a>,
}

impl<'a> Items<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Items {
            rest: Rest::inside(text, b'['),
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    #[inline]
    fn next(&mut self) -> Option<Json<'a>> {
        let value = Json {
            text: self.rest.next_start()?,
        };
        self.rest.end_value(value.text)?;
        Some(value)
    }
}

/// What has not been gone over yet; `None` at the end.
#[derive(Clone)]
struct Rest<'a>(Option<&'a [u8]>);

impl<'a> Rest<'a> {
    fn inside(text: &'a [u8], opening: u8) -> Self {
        match text.split_first() {
            Some((first, inside)) if *first == opening => {
                let inside = scan::skip_space(inside);
                Rest((!matches!(inside.first(), Some(b'}' | b']'))).then_some(inside))
            }
            _ => Rest(None),
        }
    }

    /// Where the next element begins. Unless its end is found, it is the last one.
    #[inline]
    fn next_start(&mut self) -> Option<&'a [u8]> {
        self.0.take()
    }

    /// Passes over an element's value. There is more if a comma follows.
    #[inline]
    fn end_value(&mut self, value: &'a [u8]) -> Option<()> {
        let after = scan::skip_space(scan::skip_value(value)?);
        if let Some((b',', rest)) = after.split_first() {
            self.0 = Some(scan::skip_space(rest));
        }
        Some(())
    }
}
