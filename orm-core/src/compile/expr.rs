//! Expressions to text.

use super::ddl::write_type;
use super::refused;
use super::writer::{Named, Spelling, Writer};
use crate::error::{Error, ErrorKind};
use crate::sql::{
    Args, BinaryOp, Call, Frame, FrameBound, FrameExclude, FrameUnit, FunctionName, IsTest, Node, Over, UnaryOp,
    WindowDef,
};
use crate::types::{TypeDef, Value};

impl Writer {
    pub(super) fn node(&mut self, node: &Node) {
        match node {
            Node::Column { column, .. } if self.spelling() == Spelling::Bare => {
                self.ident(column.name);
            }
            Node::Column { source, column } => {
                self.names(column);
                self.qualifier(Named::Source(*source)).push(".").ident(column.name);
            }
            Node::LinkColumn { link, column } => {
                self.qualifier(Named::Link(**link)).push(".").ident(column);
            }
            Node::Param(value) => {
                self.param(value.clone());
                self.cast_composite(value, false);
            }
            Node::Binary { op, operands } => self.binary(*op, &operands[0], &operands[1]),
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
                    match &**bound {
                        Node::Param(value) => self.refuse(operand, value),
                        Node::Quantified { .. } => self.fail(Error::new(
                            ErrorKind::Invalid,
                            "`between` takes one value for each bound, and not any or all of several",
                        )),
                        _ => {}
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
                self.separated(", ", columns.iter().zip(arrays), |w, (column, array)| w.array_of(column, array));
                self.push("))");
            }
            Node::InTree { columns, tree, targets } => self.in_tree(columns, tree, targets),
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
            Node::Raw(parts) => self.raw_expr(parts),
            Node::CountAll => {
                self.push("count(*)");
            }
            Node::Member { operand, name } => {
                self.push("(").node(operand);
                self.push(").").ident(name);
            }
            Node::Call(call) => self.call(call),
            Node::Unary { op, operand } => {
                self.push(match op {
                    UnaryOp::Neg => "- ",
                    UnaryOp::BitNot => "~ ",
                });
                self.operand(operand);
            }
            Node::Cast { operand, ty } => {
                self.push("CAST(").node(operand);
                self.push(" AS ");
                write_type(self, ty);
                self.push(")");
            }
            Node::Case { whens, otherwise } => {
                self.push("CASE");
                for (condition, value) in whens {
                    self.push(" WHEN ").node(condition);
                    self.push(" THEN ").node(value);
                }
                if let Some(otherwise) = otherwise {
                    self.push(" ELSE ").node(otherwise);
                }
                self.push(" END");
            }
            Node::Scalar(select) => {
                self.push("(").select(select, false);
                self.push(")");
            }
            Node::Over { source, link, node, filter } => {
                let of = link.as_ref().map_or(Named::Source(*source), |link| Named::Link(**link));
                self.over(of, source.table(), node, *filter);
            }
            Node::Word(word) => {
                self.literal(word);
            }
            Node::Collate { operand, collation } => {
                self.operand(operand);
                self.push(" COLLATE ").given_name("collation", collation.schema.as_deref(), &collation.name);
            }
            Node::Array(items) => {
                self.push("ARRAY[").separated(", ", items, Self::node).push("]");
            }
            Node::Subscript { operand, index, to } => {
                match &**operand {
                    Node::Column { .. } => self.node(operand),
                    // A parameter or a call takes a subscript in parentheses alone.
                    _ => {
                        self.push("(").node(operand);
                        self.push(")");
                    }
                }
                self.push("[").node(index);
                if let Some(to) = to {
                    self.push(":").node(to);
                }
                self.push("]");
            }
            // `binary` writes it where it may stand.
            Node::Quantified { .. } => {
                let message = "any or all of several values stand at the right of a comparison alone, such as `eq`";
                self.fail(Error::new(ErrorKind::Invalid, message));
            }
        }
    }

    /// A name that the caller gives. One that PostgreSQL would cut is refused: it would be another's.
    fn given_name(&mut self, what: &str, schema: Option<&str>, name: &str) {
        const LONGEST: usize = 63;
        for part in schema.into_iter().chain([name]) {
            let reason = match part {
                "" => "is empty",
                long if long.len() > LONGEST => "is longer than 63 bytes",
                _ if part.contains('\0') => "has a NUL byte in it",
                _ => continue,
            };
            self.fail(Error::invalid(format!("the name of a {what} {reason}")));
        }
        self.qualified(schema, name);
    }

    /// An array for UNNEST, which wants to know its type.
    fn array_of(&mut self, column: &Node, array: &Value) {
        self.refuse(column, array);
        self.refuse_composites(array.type_def());
        let own = match column {
            Node::Column { column, .. } => column.base_type(),
            _ => None,
        };
        if own.is_none() && array.has_known_type() {
            self.param(array.clone());
            return;
        }
        self.push("CAST(").param(array.clone()).push(" AS ");
        match own {
            Some(own) => _ = self.push(&own),
            None => write_type(self, array.type_def()),
        }
        self.push("[])");
    }

    fn call(&mut self, call: &Call) {
        match &call.function {
            FunctionName::Known(name) => _ = self.push(name),
            FunctionName::Named { schema, name } => self.given_name("function", schema.as_deref(), name),
        }
        if call.distinct && matches!(call.args, Args::Star) {
            self.fail(Error::invalid(
                "`count()` counts rows, of which none are equal: count something, by `count_distinct`",
            ));
        }
        self.push(if call.distinct { "(DISTINCT " } else { "(" });
        match &call.args {
            Args::Star => self.push("*"),
            Args::List(args) => self.separated(", ", args, Self::node),
        };
        self.order_by(&call.order_by);
        self.push(")");
        if !call.within_group.is_empty() {
            self.push(" WITHIN GROUP (").order_items(&call.within_group);
            self.push(")");
        }
        if let Some(condition) = &call.filter {
            self.push(" FILTER (WHERE ").node(condition);
            self.push(")");
        }
        match &call.over {
            Some(Over::Window(window)) => {
                self.push(" OVER ");
                self.window(window);
            }
            Some(Over::Named(name)) => {
                self.push(" OVER ").window_name(name);
            }
            None => {}
        }
    }

    /// A window in parentheses.
    pub(super) fn window(&mut self, window: &WindowDef) {
        self.push("(");
        let mut gap = "";
        if let Some(base) = window.base {
            self.window_name(base);
            gap = " ";
        }
        if !window.partition_by.is_empty() {
            self.push(gap).push("PARTITION BY ").separated(", ", &window.partition_by, Self::node);
            gap = " ";
        }
        if !window.order_by.is_empty() {
            self.push(gap).order_items(&window.order_by);
            gap = " ";
        }
        if let Some(frame) = &window.frame {
            self.push(gap).frame(frame);
        }
        self.push(")");
    }

    fn frame(&mut self, frame: &Frame) {
        self.push(match frame.unit {
            FrameUnit::Rows => "ROWS BETWEEN ",
            FrameUnit::Range => "RANGE BETWEEN ",
            FrameUnit::Groups => "GROUPS BETWEEN ",
        });
        self.bound(&frame.start);
        self.push(" AND ");
        self.bound(&frame.end);
        self.push(match frame.exclude {
            FrameExclude::NoOthers => "",
            FrameExclude::CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclude::Group => " EXCLUDE GROUP",
            FrameExclude::Ties => " EXCLUDE TIES",
        });
    }

    fn bound(&mut self, bound: &FrameBound) {
        match bound {
            FrameBound::UnboundedPreceding => _ = self.push("UNBOUNDED PRECEDING"),
            FrameBound::Preceding(offset) => {
                self.operand(offset);
                self.push(" PRECEDING");
            }
            FrameBound::CurrentRow => _ = self.push("CURRENT ROW"),
            FrameBound::Following(offset) => {
                self.operand(offset);
                self.push(" FOLLOWING");
            }
            FrameBound::UnboundedFollowing => _ = self.push("UNBOUNDED FOLLOWING"),
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
                | Node::Call(_)
                | Node::Cast { .. }
                | Node::Case { .. }
                | Node::Scalar(_)
                | Node::Word(_)
                // A part of the operator before it.
                | Node::Binary { op: BinaryOp::Escape, .. }
                | Node::Member { .. }
                | Node::Raw(_)
                | Node::Quantified { .. }
                | Node::Array(_)
                | Node::Subscript { .. }
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

    /// `UNNEST` would make a column of each member of the values in an array, and not one of each value.
    pub(super) fn refuse_composites(&mut self, array: &TypeDef) {
        if array.composite_def().is_some() {
            let name = array.element().unwrap_or(array).name();
            let message =
                format!("`unnest` takes values of the composite type `{name}` apart: use their members in its place");
            self.fail(Error::new(ErrorKind::Unsupported, message));
        }
    }

    /// A function that gives rows.
    pub(super) fn set_function(&mut self, call: &Node) {
        if let Node::Call(call) = call
            && let (FunctionName::Known("unnest"), Args::List(args)) = (&call.function, &call.args)
        {
            for arg in args {
                match arg {
                    Node::Column { column, .. } => self.refuse_composites(column.ty),
                    Node::Param(value) => self.refuse_composites(value.type_def()),
                    _ => {}
                }
            }
        }
        self.node(call);
    }

    fn junction(&mut self, operands: &[Node], separator: &str, empty: &str) {
        match operands {
            [] => {
                self.push(empty);
            }
            [single] => self.node(single),
            several => {
                self.separated(separator, several, |w, operand| match operand.alone() {
                    // AND and OR are not mixed without parentheses.
                    Node::All(inner) | Node::Any(inner) if inner.len() > 1 => {
                        w.push("(").node(operand);
                        w.push(")");
                    }
                    _ => _ = w.part(|w| w.node(operand)),
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
        self.push(" ").push(symbol(op)).push(" ");
        match rhs {
            Node::Quantified { all, operand } => {
                self.push(if *all { "ALL " } else { "ANY " });
                match &**operand {
                    Node::Scalar(_) => self.node(operand),
                    array => {
                        self.push("(").node(array);
                        self.push(")");
                    }
                }
            }
            _ => self.operand(rhs),
        }
    }
}

/// An operator as it is written.
fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Eq => "=",
        BinaryOp::Ne => "<>",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::Like => "LIKE",
        BinaryOp::NotLike => "NOT LIKE",
        BinaryOp::Ilike => "ILIKE",
        BinaryOp::NotIlike => "NOT ILIKE",
        BinaryOp::SimilarTo => "SIMILAR TO",
        BinaryOp::NotSimilarTo => "NOT SIMILAR TO",
        BinaryOp::Regex => "~",
        BinaryOp::RegexIgnoreCase => "~*",
        BinaryOp::NotRegex => "!~",
        BinaryOp::NotRegexIgnoreCase => "!~*",
        BinaryOp::IsDistinctFrom => "IS DISTINCT FROM",
        BinaryOp::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        BinaryOp::Concat => "||",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "#",
        BinaryOp::ShiftLeft => "<<",
        BinaryOp::ShiftRight => ">>",
        BinaryOp::JsonGet => "->",
        BinaryOp::JsonGetText => "->>",
        BinaryOp::JsonPath => "#>",
        BinaryOp::JsonPathText => "#>>",
        BinaryOp::JsonDelete => "#-",
        BinaryOp::JsonPathExists => "@?",
        BinaryOp::Matches => "@@",
        BinaryOp::HasKey => "?",
        BinaryOp::HasAnyKey => "?|",
        BinaryOp::HasAllKeys => "?&",
        BinaryOp::Contains => "@>",
        BinaryOp::ContainedBy => "<@",
        BinaryOp::Overlaps => "&&",
        BinaryOp::Adjacent => "-|-",
        BinaryOp::NotRightOf => "&<",
        BinaryOp::NotLeftOf => "&>",
        BinaryOp::ContainedByOrEquals => "<<=",
        BinaryOp::ContainsOrEquals => ">>=",
        BinaryOp::Distance => "<->",
        BinaryOp::Escape => "ESCAPE",
    }
}
