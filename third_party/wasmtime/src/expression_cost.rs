// SPDX-License-Identifier: Apache-2.0
//! The constant expressions of a module. The validator bounds the body of a function, but no expression, and
//! the compiler takes some 300 bytes of memory for each byte of one.
use wasmparser::{ConstExpr, DataKind, ElementItems, ElementKind, Parser, Payload, TableInit};

const EXPRESSION_BYTES_MAX: usize = 64 << 10;
/// Of those of one module, or of all modules of a component, that are longer than a plain one.
const EXPRESSIONS_BYTES_MAX: usize = 1 << 20;
const PLAIN_BYTES: usize = 32;

/// Why the bytes are refused. Bytes that are not well formed are left to the compiler.
pub fn check_expressions(bytes: &[u8]) -> Result<(), String> {
    let mut all = Expressions { bytes: 0 };
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { return Ok(()) };
        if all.visit(payload)?.is_none() {
            return Ok(());
        }
    }
    Ok(())
}

struct Expressions {
    bytes: usize,
}

impl Expressions {
    fn add(&mut self, expression: &ConstExpr<'_>) -> Result<(), String> {
        let size = expression.get_binary_reader().bytes_remaining();
        if size > EXPRESSION_BYTES_MAX {
            return Err(format!("a constant expression of {size} bytes, at most {EXPRESSION_BYTES_MAX} are allowed"));
        }
        if size > PLAIN_BYTES {
            self.bytes += size;
        }
        if self.bytes > EXPRESSIONS_BYTES_MAX {
            return Err(format!("constant expressions of more than {EXPRESSIONS_BYTES_MAX} bytes together"));
        }
        Ok(())
    }

    /// None: the bytes are not well formed.
    fn visit(&mut self, payload: Payload<'_>) -> Result<Option<()>, String> {
        match payload {
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let Ok(global) = global else { return Ok(None) };
                    self.add(&global.init_expr)?;
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let Ok(table) = table else { return Ok(None) };
                    if let TableInit::Expr(expression) = &table.init {
                        self.add(expression)?;
                    }
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    let Ok(segment) = segment else { return Ok(None) };
                    if let DataKind::Active { offset_expr, .. } = &segment.kind {
                        self.add(offset_expr)?;
                    }
                }
            }
            Payload::ElementSection(segments) => {
                for segment in segments {
                    let Ok(segment) = segment else { return Ok(None) };
                    if let ElementKind::Active { offset_expr, .. } = &segment.kind {
                        self.add(offset_expr)?;
                    }
                    let ElementItems::Expressions(_, items) = segment.items else { continue };
                    for item in items {
                        let Ok(item) = item else { return Ok(None) };
                        self.add(&item)?;
                    }
                }
            }
            _ => {}
        }
        Ok(Some(()))
    }
}
