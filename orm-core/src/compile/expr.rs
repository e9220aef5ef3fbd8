//! Expressions to text.

use super::refused;
use super::writer::{Named, Writer};
use crate::sql::{BinaryOp, IsTest, Node};
use crate::types::Value;

impl Writer {
    pub(super) fn node(&mut self, node: &Node) {
        match node {
            Node::Column { source, column } => {
                self.qualifier(Named::Source(*source)).push(".").ident(column.name);
            }
            Node::LinkColumn { link, column } => {
                self.qualifier(Named::Link(*link)).push(".").ident(column);
            }
            Node::Param(value) => {
                self.param(value.clone());
                self.cast_composite(value, false);
            }
            Node::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs),
            Node::All(all) => self.junction(all, " AND ", "TRUE"),
            Node::Any(any) => self.junction(any, " OR ", "FALSE"),
            Node::Not(operand) => {
                self.push("NOT (").node(operand);
                self.push(")");
            }
            Node::Is { operand, test } => {
                self.operand(operand);
                self.push(match test {
                    IsTest::Null => " IS NULL",
                    IsTest::NotNull => " IS NOT NULL",
                    IsTest::True => " IS TRUE",
                });
            }
            Node::Between { operand, low, high } => {
                for bound in [low, high] {
                    if let Node::Param(value) = &**bound {
                        self.refuse(operand, value);
                    }
                }
                self.operand(operand);
                self.push(" BETWEEN ").operand(low);
                self.push(" AND ").operand(high);
            }
            Node::InArray { operand, array, negated } => {
                self.refuse(operand, array);
                self.operand(operand);
                self.push(if *negated { " <> ALL (" } else { " = ANY (" });
                self.param(array.clone());
                self.cast_composite(array, true);
                self.push(")");
            }
            Node::InSelect { operand, select, negated } => {
                self.operand(operand);
                self.push(if *negated { " NOT IN (" } else { " IN (" }).select(select, false);
                self.push(")");
            }
            Node::InTuples { columns, arrays } => {
                self.push("(").separated(", ", columns, Self::node).push(") IN (SELECT * FROM UNNEST (");
                self.separated(", ", arrays, |w, array| {
                    w.param(array.clone());
                });
                self.push("))");
            }
            Node::Tuple(parts) => {
                self.push("(").separated(", ", parts, Self::node).push(")");
            }
            Node::Exists(select) => {
                self.push("EXISTS (").select(select, false);
                self.push(")");
            }
            Node::Function { name, args } => {
                self.push(name).push("(").separated(", ", args, Self::node).push(")");
            }
            Node::CountAll => {
                self.push("count(*)");
            }
            Node::Member { operand, name } => {
                self.push("(").node(operand);
                self.push(").").ident(name);
            }
            Node::Raw(parts) => self.raw_expr(parts),
        }
    }

    /// An operand of something that binds tighter than AND: in parentheses unless it is atomic.
    fn operand(&mut self, node: &Node) {
        let atomic = matches!(
            node,
            Node::Column { .. }
                | Node::LinkColumn { .. }
                | Node::Param(_)
                | Node::Tuple(_)
                | Node::Function { .. }
                | Node::CountAll
                | Node::Member { .. }
                | Node::Raw(_)
        );
        if atomic {
            return self.node(node);
        }
        self.push("(").node(node);
        self.push(")");
    }

    /// Says of which composite type a value is: beside a column the server takes it for any record, which it cannot read.
    fn cast_composite(&mut self, value: &Value, array: bool) {
        if value.type_def().composite_def().is_none() {
            return;
        }
        self.push("::");
        super::ddl::write_type(self, value.type_def());
        if array && value.type_def().element().is_none() {
            self.push("[]");
        }
    }

    fn junction(&mut self, operands: &[Node], separator: &str, empty: &str) {
        match operands {
            [] => {
                self.push(empty);
            }
            [single] => self.node(single),
            several => {
                self.separated(separator, several, |w, operand| match operand {
                    // AND and OR are not mixed without parentheses; one of a single operand is that operand.
                    Node::All(inner) | Node::Any(inner) if inner.len() > 1 => {
                        w.push("(").node(operand);
                        w.push(")");
                    }
                    _ => w.node(operand),
                });
            }
        }
    }

    /// Refuses a value that cannot be sent, with the column that it is compared with.
    fn refuse(&mut self, operand: &Node, value: &Value) {
        if let (Node::Column { source, column }, Some(reason)) = (operand, value.refusal()) {
            self.fail(refused(source.table(), column, reason));
        }
    }

    fn binary(&mut self, op: BinaryOp, lhs: &Node, rhs: &Node) {
        if let Node::Param(value) = rhs {
            self.refuse(lhs, value);
        }
        self.operand(lhs);
        self.push(match op {
            BinaryOp::Eq => " = ",
            BinaryOp::Ne => " <> ",
            BinaryOp::Lt => " < ",
            BinaryOp::Le => " <= ",
            BinaryOp::Gt => " > ",
            BinaryOp::Ge => " >= ",
            BinaryOp::Like => " LIKE ",
            BinaryOp::NotLike => " NOT LIKE ",
            BinaryOp::Ilike => " ILIKE ",
            BinaryOp::IsDistinctFrom => " IS DISTINCT FROM ",
            BinaryOp::IsNotDistinctFrom => " IS NOT DISTINCT FROM ",
            BinaryOp::Add => " + ",
            BinaryOp::Sub => " - ",
            BinaryOp::Mul => " * ",
            BinaryOp::Div => " / ",
        });
        self.operand(rhs);
    }
}
