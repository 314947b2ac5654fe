//! Arbitrary metadata of buildpacks and platforms on its way between TOML files and JSON labels.

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};
use toml::Value as Toml;
use toml::value::Datetime;

/// A value that a label cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// A number that JSON has no form for.
    #[error("key '{key}' holds {value}, which a JSON label cannot hold; use a finite number or a string")]
    Number {
        /// The dotted path of the key.
        key: String,
        /// The number as text.
        value: String,
    },
    /// Anything else that JSON has no form for.
    #[error("cannot be written as JSON: {0}")]
    Other(String),
}

/// Prints a label's JSON.
pub(crate) fn print_label<T: Serialize>(label: &T) -> Result<String, NotJson> {
    crate::json::to_string(label).map_err(|error| NotJson::Other(error.to_string()))
}

/// Turns a TOML value into the JSON that labels hold: dates become RFC 3339 text (a date or time without
/// zone is taken as UTC), keys are sorted.
///
/// # Errors
/// A number is infinite or not a number.
pub fn to_json(value: &Toml) -> Result<Json, NotJson> {
    convert(value, &mut Vec::new())
}

fn convert<'a>(value: &'a Toml, path: &mut Vec<&'a str>) -> Result<Json, NotJson> {
    Ok(match value {
        Toml::String(text) => Json::String(text.clone()),
        Toml::Integer(number) => Json::Number((*number).into()),
        Toml::Float(number) => Json::Number(
            Number::from_f64(*number)
                .ok_or_else(|| NotJson::Number { key: path.join("."), value: number.to_string() })?,
        ),
        Toml::Boolean(flag) => Json::Bool(*flag),
        Toml::Datetime(datetime) => Json::String(rfc3339(datetime)),
        Toml::Array(items) => {
            Json::Array(items.iter().map(|item| convert(item, path)).collect::<Result<_, _>>()?)
        }
        Toml::Table(table) => {
            let mut object = Map::new();
            for (key, value) in table {
                path.push(key);
                object.insert(key.clone(), convert(value, path)?);
                path.pop();
            }
            Json::Object(object)
        }
    })
}

fn rfc3339(datetime: &Datetime) -> String {
    let date = datetime.date.map_or_else(|| "0000-01-01".to_owned(), |date| date.to_string());
    let mut time = datetime.time.map_or_else(|| "00:00:00".to_owned(), |time| time.to_string());
    // TOML may leave out the seconds; RFC 3339 may not, and it drops the zeros behind a fraction.
    if time.len() == "00:00".len() {
        time.push_str(":00");
    }
    if time.contains('.') {
        time.truncate(time.trim_end_matches('0').trim_end_matches('.').len());
    }
    let zone = datetime.offset.map_or_else(|| "Z".to_owned(), |offset| offset.to_string());
    format!("{date}T{time}{zone}")
}

/// Turns a label's JSON back into TOML. A null, which TOML does not know, is left out.
#[must_use]
pub fn from_json(value: &Json) -> Option<Toml> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(flag) => Toml::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Toml::Integer(integer),
            None => Toml::Float(number.as_f64()?),
        },
        Json::String(text) => Toml::String(text.clone()),
        Json::Array(items) => Toml::Array(items.iter().filter_map(from_json).collect()),
        Json::Object(object) => Toml::Table(
            object.iter().filter_map(|(key, value)| Some((key.clone(), from_json(value)?))).collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{from_json, to_json};

    fn toml(text: &str) -> toml::Value {
        toml::Value::Table(toml::from_str(text).unwrap())
    }

    #[test]
    fn dates_become_text_with_a_zone() {
        let value = toml(
            "a=1979-05-27T07:32:00-08:00\nb=1979-05-27T07:32:00.500Z\nc=1979-05-27T07:32:00\nd=1979-05-27\ne=07:32:00",
        );
        assert_eq!(
            to_json(&value).unwrap(),
            json!({
                "a": "1979-05-27T07:32:00-08:00",
                "b": "1979-05-27T07:32:00.5Z",
                "c": "1979-05-27T07:32:00Z",
                "d": "1979-05-27T00:00:00Z",
                "e": "0000-01-01T07:32:00Z",
            })
        );
    }

    #[test]
    fn numbers_without_a_json_form_are_refused_by_key() {
        let error = to_json(&toml("[a.b]\nc = inf")).unwrap_err();
        assert!(error.to_string().contains("key 'a.b.c' holds inf"), "{error}");
    }

    #[test]
    fn json_comes_back_without_nulls() {
        let value = from_json(&json!({"a": null, "b": [1, null, 2.5], "c": {"d": true}})).unwrap();
        assert_eq!(value, toml("b = [1, 2.5]\n[c]\nd = true"));
        assert_eq!(from_json(&json!(null)), None);
    }
}
