//! Values as JSON text, for `JSON.parse` on the other side. One small writer for all that goes out: reports, stored states
//! and the parameters of calls to nodes.

use alloc::string::{String, ToString};
use core::fmt::{self, Display};
use serde::ser::{
    Error, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};

/// JSON text as it is usually written.
pub(crate) fn plain(value: &(impl Serialize + ?Sized)) -> Result<String, Unwritable> {
    write(value, false)
}

/// JSON text in which every string begins with `s`, and every 64-bit number is a string that begins with `n`: the package
/// makes a `bigint` of it, where `JSON.parse` alone would round it.
pub(crate) fn marked(value: &(impl Serialize + ?Sized)) -> Result<String, Unwritable> {
    write(value, true)
}

fn write(value: &(impl Serialize + ?Sized), marked: bool) -> Result<String, Unwritable> {
    let mut writer = Writer { out: String::new(), marked };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

/// A value that has no place in this JSON: a float, or a form that nothing here has.
#[derive(Debug)]
pub(crate) struct Unwritable;

impl Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that cannot be written")
    }
}

impl core::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

pub(crate) struct Writer {
    out: String,
    marked: bool,
}

impl Writer {
    #[inline(never)]
    fn quoted(&mut self, mark: &str, text: &str) {
        self.out.push('"');
        self.out.push_str(mark);
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\0'..='\x1f' => {
                    let code = u32::from(character);
                    self.out.push_str("\\u00");
                    self.out.extend([code >> 4, code & 15].map(|digit| char::from_digit(digit, 16).unwrap_or('0')));
                }
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    #[inline(never)]
    fn text(&mut self, text: &str) {
        let mark = if self.marked { "s" } else { "" };
        self.quoted(mark, text);
    }

    #[inline(never)]
    fn large(&mut self, digits: &str) {
        if self.marked {
            self.quoted("n", digits);
        } else {
            self.out.push_str(digits);
        }
    }

    /// Before an item that is not the first.
    #[inline(never)]
    fn separate(&mut self, first: &mut bool) {
        if !*first {
            self.out.push(',');
        }
        *first = false;
    }

    #[inline(never)]
    fn key(&mut self, first: &mut bool, name: &str) {
        self.separate(first);
        self.quoted("", name);
        self.out.push(':');
    }
}

/// An open list or object.
pub(crate) struct Open<'w> {
    writer: &'w mut Writer,
    first: bool,
    close: char,
}

impl<'w> Open<'w> {
    fn new(writer: &'w mut Writer, [open, close]: [char; 2]) -> Self {
        writer.out.push(open);
        Self { writer, first: true, close }
    }
}

macro_rules! numbers {
    ($($method:ident($number:ty)),* => $write:ident) => {
        $(fn $method(self, value: $number) -> Result<(), Unwritable> {
            self.$write(&value.to_string());
            Ok(())
        })*
    };
}

impl Writer {
    fn small(&mut self, digits: &str) {
        self.out.push_str(digits);
    }
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Open<'w>;
    type SerializeTuple = Open<'w>;
    type SerializeTupleStruct = Impossible<(), Unwritable>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeMap = Open<'w>;
    type SerializeStruct = Open<'w>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    numbers!(serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32) => small);
    numbers!(serialize_i64(i64), serialize_u64(u64), serialize_u128(u128) => large);

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unwritable> {
        Err(Unwritable)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unwritable> {
        Err(Unwritable)
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Unwritable> {
        self.text(text);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unwritable> {
        Err(Unwritable)
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        let mut object = Open::new(self, ['{', '}']);
        object.serialize_field(variant, value)?;
        SerializeStruct::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'w>, Unwritable> {
        Ok(Open::new(self, ['[', ']']))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'w>, Unwritable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Impossible<(), Unwritable>, Unwritable> {
        Err(Unwritable)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unwritable>, Unwritable> {
        Err(Unwritable)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'w>, Unwritable> {
        Ok(Open::new(self, ['{', '}']))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'w>, Unwritable> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unwritable>, Unwritable> {
        Err(Unwritable)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        self.serialize_str(&value.to_string())
    }
}

impl SerializeSeq for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.writer.separate(&mut self.first);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.writer.out.push(self.close);
        Ok(())
    }
}

impl SerializeTuple for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<(), Unwritable> {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    /// Keys are strings without a mark.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.writer.separate(&mut self.first);
        let marked = core::mem::replace(&mut self.writer.marked, false);
        let written = key.serialize(&mut *self.writer);
        self.writer.marked = marked;
        self.writer.out.push(':');
        written
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Unwritable> {
        SerializeSeq::end(self)
    }
}

impl SerializeStruct for Open<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unwritable> {
        self.writer.key(&mut self.first, name);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Unwritable> {
        SerializeSeq::end(self)
    }
}
