//! `Metadata::registered`: all models of the program, in whichever module; two of one table are refused.
//!
//! A program of its own, because it sees all models of its program.

mod school {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    #[model(table = "z_course", schema = "school")]
    pub(crate) struct Course {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
    }
}

mod first {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub(crate) struct Homework {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(references = crate::school::Course::id)]
        pub(crate) course_id: i32,
    }
}

mod second {
    use orm_core::prelude::*;

    /// Of the same table as another.
    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub(crate) struct Work {
        #[model(primary_key)]
        pub(crate) id: Auto<i64>,
    }
}

use orm_core::ErrorKind;
use orm_core::schema::Metadata;

#[test]
fn two_models_of_one_table_are_named_with_their_modules() {
    let error = Metadata::registered().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "two models are of table `homework`: `registered::first::Homework` and `registered::second::Work`"
    );
    assert_eq!(error.table(), Some("homework"));
    let error = Metadata::of::<(second::Work, first::Homework)>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "two models are of table `homework`: `registered::first::Homework` and `registered::second::Work`"
    );
}

#[test]
fn one_model_twice_is_one() -> orm_core::Result<()> {
    let metadata = Metadata::of::<(first::Homework, school::Course, first::Homework)>()?;
    let names: Vec<String> = metadata.tables().iter().map(|table| table.display_name()).collect();
    assert_eq!(names, ["school.z_course", "homework"]);
    Ok(())
}
