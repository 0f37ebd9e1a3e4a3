//! A node that lies in one member of one method's answers, and one that tells which members are read.

use serde_json::{json, Value};
use spanlight::json::trace;
use spanlight_prover::{Replay, RpcError, Transport};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for the answer as a whole.
pub const WHOLE: &str = "(answer)";

/// In which way is lied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Another value of the same type.
    Changed,
    /// The member is not there.
    Missing,
    /// It is null.
    Null,
    /// It has another type.
    OfAnotherType,
    /// It is what the node said of another block, account or slot.
    OfAnotherAnswer,
    /// It is a mebibyte long.
    Huge,
}

pub const LIES: [Lie; 6] = [Lie::Changed, Lie::Missing, Lie::Null, Lie::OfAnotherType, Lie::OfAnotherAnswer, Lie::Huge];

/// Members by method.
pub type Reads = BTreeMap<String, BTreeSet<&'static str>>;

/// Tells which members of which method's answers are read: what is read after an answer is read of it.
pub struct Recorder<'r> {
    honest: &'r Replay,
    reads: &'r RefCell<Reads>,
    /// The method answered last, by any recorder of this thread.
    last: &'r RefCell<String>,
}

impl<'r> Recorder<'r> {
    pub const fn new(honest: &'r Replay, reads: &'r RefCell<Reads>, last: &'r RefCell<String>) -> Self {
        Self { honest, reads, last }
    }

    /// Ascribes what was read since the last answer.
    pub fn settle(&self, next: &str) {
        let last = self.last.replace(next.to_owned());
        let read = trace::take();
        let mut reads = self.reads.borrow_mut();
        assert!(read.is_empty() || !last.is_empty(), "{read:?} read of no answer");
        if !last.is_empty() {
            let of_method = reads.entry(last).or_default();
            of_method.insert(WHOLE);
            of_method.extend(read);
        }
    }
}

impl Transport for Recorder<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.settle(method);
        self.honest.call(method, params).await
    }
}

/// A node that lies wherever the member occurs in the method's answers.
pub struct Liar<'r> {
    honest: &'r Replay,
    method: &'r str,
    member: &'static str,
    lie: Lie,
    /// Lies only in answers from this one on.
    from: usize,
    answers: Cell<usize>,
    /// How often it lied.
    pub told: Cell<usize>,
    /// The member's last honest values, for lies of another answer.
    before: RefCell<Vec<Value>>,
}

impl<'r> Liar<'r> {
    pub const fn new(honest: &'r Replay, method: &'r str, member: &'static str, lie: Lie, from: usize) -> Self {
        let (answers, told) = (Cell::new(0), Cell::new(0));
        Self { honest, method, member, lie, from, answers, told, before: RefCell::new(Vec::new()) }
    }

    fn falsify(&self, answer: &mut Value) {
        if self.member == WHOLE {
            let honest = answer.clone();
            if self.lie == Lie::Missing {
                *answer = json!({});
            } else {
                self.replace(answer);
            }
            self.told.set(self.told.get() + usize::from(*answer != honest));
            self.remember(honest);
            return;
        }
        self.walk(answer, self.lie == Lie::Huge);
        // What is read, though no answer has it, is put in: into the answer or each thing that it lists.
        if self.told.get() == 0 && !contains(answer, self.member) {
            let places = match answer {
                Value::Array(list) => list.iter_mut().collect(),
                one => vec![one],
            };
            for object in places.into_iter().filter_map(Value::as_object_mut) {
                let value =
                    if self.lie == Lie::OfAnotherType { json!(7) } else { json!(format!("0x{}", "5a".repeat(32))) };
                object.insert(self.member.to_owned(), value);
                self.told.set(self.told.get() + 1);
            }
        }
    }

    fn walk(&self, value: &mut Value, once: bool) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|item| self.walk(item, once)),
            Value::Object(object) => {
                if !(once && self.told.get() > 0) {
                    if let Some(honest) = object.get(self.member).cloned() {
                        if self.lie == Lie::Missing {
                            object.remove(self.member);
                            self.told.set(self.told.get() + 1);
                        } else {
                            let member = object.get_mut(self.member).unwrap();
                            self.replace(member);
                            self.told.set(self.told.get() + usize::from(*member != honest));
                        }
                        self.remember(honest);
                    }
                }
                object.iter_mut().filter(|(key, _)| *key != self.member).for_each(|(_, item)| self.walk(item, once));
            }
            _ => {}
        }
    }

    fn replace(&self, value: &mut Value) {
        match self.lie {
            Lie::Changed => change(value),
            Lie::Missing => unreachable!("removed, not replaced"),
            Lie::Null => *value = Value::Null,
            Lie::OfAnotherType => {
                *value = match value {
                    Value::String(_) => json!(7),
                    Value::Array(_) => json!({ "0": [] }),
                    Value::Object(_) => json!([{}]),
                    _ => json!("seven"),
                }
            }
            Lie::OfAnotherAnswer => {
                let before = self.before.borrow();
                if let Some(other) = before.iter().rev().find(|other| *other != value) {
                    *value = other.clone();
                }
            }
            Lie::Huge => enlarge(value),
        }
    }

    fn remember(&self, honest: Value) {
        let mut before = self.before.borrow_mut();
        if !before.contains(&honest) {
            if before.len() > 3 {
                before.remove(0);
            }
            before.push(honest);
        }
    }
}

impl Transport for Liar<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut answer = self.honest.call(method, params).await?;
        if method == self.method {
            self.answers.set(self.answers.get() + 1);
            if self.answers.get() > self.from {
                self.falsify(&mut answer);
            }
        }
        Ok(answer)
    }
}

fn contains(value: &Value, member: &str) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|item| contains(item, member)),
        Value::Object(object) => object.contains_key(member) || object.values().any(|item| contains(item, member)),
        _ => false,
    }
}

/// Another value of the same type, and of the same length where that is possible.
fn change(value: &mut Value) {
    match value {
        Value::Null => *value = json!("0x1"),
        Value::Bool(truth) => *truth = !*truth,
        Value::Number(number) => *value = json!(number.as_u64().unwrap_or(0).wrapping_add(1)),
        Value::String(text) => match text.pop() {
            Some('x') | None => text.push_str("x01"),
            Some('1') => text.push('2'),
            Some(_) => text.push('1'),
        },
        Value::Array(list) => match list.first_mut() {
            Some(first) => change(first),
            None => list.push(json!("0x01")),
        },
        Value::Object(object) => {
            if let Some(first) = object.values_mut().next() {
                change(first);
            }
        }
    }
}

fn enlarge(value: &mut Value) {
    const SIZE: usize = 1 << 20;
    *value = match value {
        Value::Number(_) => json!(u64::MAX),
        Value::Array(list) if !list.is_empty() => {
            let copies = SIZE / list[0].to_string().len().max(64);
            vec![list[0].clone(); copies].into()
        }
        Value::Object(object) => {
            let mut object = object.clone();
            object.extend((0..SIZE / 64).map(|index| (format!("member{index}"), json!("0x00"))));
            object.into()
        }
        _ => json!(format!("0x{}", "ff".repeat(SIZE / 2))),
    };
}
