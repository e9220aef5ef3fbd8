use orm_core::values;

struct Word;

fn main() {
    let _ = values([(1, Word)]);
}
