//! Every ```sql block of the documentation runs, and prints what the ```text block behind it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rowgrant_tests::Database;

/// A block of SQL with the output that the document shows for it.
struct Block {
    sql: String,
    output: Option<String>,
}

/// The blocks of a document, in order. Those fenced as ```sql no-run are not taken.
fn blocks(document: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = document.lines();
    let mut just_ended = false;
    while let Some(line) = lines.next() {
        let fence = line.trim_end();
        if fence != "```sql" && fence != "```text" {
            just_ended &= line.trim().is_empty();
            continue;
        }
        let body: String = lines
            .by_ref()
            .take_while(|l| !l.starts_with("```"))
            .map(|l| format!("{l}\n"))
            .collect();
        if fence == "```sql" {
            found.push(Block { sql: body, output: None });
            just_ended = true;
        } else if just_ended && let Some(block) = found.last_mut() {
            block.output = Some(body);
            just_ended = false;
        }
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut all = vec![top.join("README.md")];
    let docs = fs::read_dir(top.join("docs")).expect("docs");
    all.extend(
        docs.map(|entry| entry.unwrap().path())
            // The tutorial has commands of the shell in between: tests/clients/test_tutorial.py runs it.
            .filter(|p| p.extension().is_some_and(|e| e == "md") && !p.ends_with("tutorial.md")),
    );
    all.sort();
    all
}

/// psql ends a result with an empty line, which a document need not show at its end.
fn normal(output: &str) -> String {
    output.trim_end().to_owned()
}

#[test]
fn the_sql_of_the_documentation_does_what_it_says() {
    let mut run = 0;
    for (n, path) in documents().iter().enumerate() {
        let database = Database::empty(&format!("rowgrant_docs_{n}"));
        for block in blocks(&fs::read_to_string(path).unwrap()) {
            let file = tempfile(&block.sql);
            let done = Command::new("psql")
                .args(["-X", "-v", "ON_ERROR_STOP=1", "-d", database.name(), "-f"])
                .arg(&file)
                .output()
                .expect("psql");
            fs::remove_file(&file).ok();
            let errors = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{}:\n{}\n{errors}", path.display(), block.sql);
            if let Some(expected) = &block.output {
                let printed = String::from_utf8_lossy(&done.stdout);
                assert_eq!(
                    normal(&printed),
                    normal(expected),
                    "{}:\n{}",
                    path.display(),
                    block.sql
                );
            }
            run += 1;
        }
    }
    assert!(run >= 5, "only {run} blocks were found");
}

fn tempfile(sql: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rowgrant-docs-{}.sql", std::process::id()));
    fs::write(&path, sql).unwrap();
    path
}
