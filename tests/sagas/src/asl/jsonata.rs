//! Expressions, by a library; here is only what Step Functions adds: `$states`, variables and `$parse`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::{Map, Value};

use super::Failure;

thread_local! {
    /// Parsed once: a machine runs thousands of times.
    static PARSED: RefCell<HashMap<String, Rc<AstNode>>> = RefCell::default();
}

/// The value of a template: every text that is all expression is evaluated, the rest stands.
pub(super) fn evaluate(
    template: &Value,
    states: &Value,
    variables: &Map<String, Value>,
) -> Result<Value, Failure> {
    match template {
        Value::String(text) => match text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")) {
            Some(expression) => query(expression.trim(), states, variables),
            None => Ok(template.clone()),
        },
        Value::Array(items) => items.iter().map(|item| evaluate(item, states, variables)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| Ok((name.clone(), evaluate(field, states, variables)?)))
            .collect::<Result<_, _>>()
            .map(Value::Object),
        _ => Ok(template.clone()),
    }
}

fn query(expression: &str, states: &Value, variables: &Map<String, Value>) -> Result<Value, Failure> {
    let broken = |cause: &dyn std::fmt::Display| {
        Failure::new("States.QueryEvaluationError", format!("{expression}: {cause}"))
    };
    let ast = parsed(expression).map_err(|e| broken(&e))?;
    let mut context = Context::new();
    // Only what is named: an input can be large, and a machine runs thousands of times.
    for (name, value) in variables {
        if expression.contains(&format!("${name}")) {
            context.bind(name.clone(), JValue::from(value.clone()));
        }
    }
    if expression.contains("$states") {
        let parts = states.as_object().into_iter().flatten();
        let named: Map<String, Value> = parts
            .filter(|(part, _)| expression.contains(&format!("$states.{part}")))
            .map(|(part, value)| (part.clone(), value.clone()))
            .collect();
        context.bind("states".to_owned(), JValue::from(Value::Object(named)));
    }
    let mut evaluator = Evaluator::with_context(context);
    let parse = |args: &[JValue]| {
        let text = args.first().and_then(JValue::as_str).unwrap_or_default();
        JValue::from_json_str(text).map_err(|e| EvaluatorError::EvaluationError(e.to_string()))
    };
    evaluator.register_fn("parse", parse).map_err(|e| broken(&e.message()))?;
    let found = evaluator.evaluate(&ast, &JValue::Null).map_err(|e| broken(&e.message()))?;
    if found.is_undefined() {
        return Err(broken(&"returned nothing (undefined)"));
    }
    let text = found.to_json_string().map_err(|e| broken(&e))?;
    serde_json::from_str(&text).map_err(|e| broken(&e))
}

fn parsed(expression: &str) -> Result<Rc<AstNode>, impl std::fmt::Display> {
    PARSED.with_borrow_mut(|parsed| match parsed.get(expression) {
        Some(ast) => Ok(Rc::clone(ast)),
        None => parser::parse(expression).map(|ast| {
            let ast = Rc::new(ast);
            parsed.insert(expression.to_owned(), Rc::clone(&ast));
            ast
        }),
    })
}
