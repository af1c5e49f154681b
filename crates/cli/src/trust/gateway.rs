//! The question put to a gateway.

use std::time::Duration;

use multee_gateway::trust::Question;
use serde_json::Value;
use ureq::Agent;

use super::error::TrustError;

const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of an answer: far more than there are.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The answer of the gateway at this URL. Its word is taken, as far as it answers the question.
///
/// # Errors
/// When nobody answers, or with something else.
pub(super) fn ask(base: &str, question: &Question) -> Result<Value, TrustError> {
    let Question { device_id, min_score, max_age_epochs } = question;
    let base = base.trim_end_matches('/');
    let url = format!("{base}/v1/devices/{device_id}/trust?min_score={min_score}&max_age={max_age_epochs}");
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("multee");
    let mut response =
        config.build().new_agent().get(&url).call().map_err(|error| TrustError::Gateway(Box::new(error)))?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| TrustError::Gateway(Box::new(error)))?;
    if status != 200 {
        return Err(TrustError::NotAGateway(format!("status {status}")));
    }
    let answer: Value =
        serde_json::from_slice(&body).map_err(|_| TrustError::NotAGateway("no JSON".to_owned()))?;
    check(answer, question)
}

/// Refuses what answers another question.
fn check(answer: Value, question: &Question) -> Result<Value, TrustError> {
    let asked = [
        ("device_id", Value::from(question.device_id.to_string())),
        ("min_score", question.min_score.into()),
        ("max_age_epochs", question.max_age_epochs.into()),
    ];
    let known = ["trusted", "not_trusted", "unknown", "stale"];
    let is_verdict = answer["verdict"].as_str().is_some_and(|verdict| known.contains(&verdict));
    if is_verdict && asked.iter().all(|(field, value)| answer[*field] == *value) {
        return Ok(answer);
    }
    Err(TrustError::NotAGateway("it answers another question".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use serde_json::json;

    #[test]
    fn an_answer_to_another_question_is_none() {
        let question = Question { device_id: B256::repeat_byte(1), min_score: 9000, max_age_epochs: 3 };
        let answer = json!({
            "verdict": "trusted", "device_id": question.device_id, "min_score": 9000, "max_age_epochs": 3,
        });
        assert!(check(answer.clone(), &question).is_ok());
        for (field, other) in [
            ("verdict", json!("yes")),
            ("device_id", json!(B256::repeat_byte(2))),
            ("min_score", json!(8999)),
            ("max_age_epochs", json!(4)),
        ] {
            let mut answer = answer.clone();
            answer[field] = other;
            assert!(check(answer, &question).is_err(), "{field}");
        }
        assert!(check(json!([]), &question).is_err());
    }
}
