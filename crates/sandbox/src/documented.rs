//! What the user's pages of the control surface list (docs/operating/sandbox-control).

/// The names in the first column of the table of deeds, without what stands in brackets beside them.
pub fn deeds(page: &str) -> Vec<String> {
    let table = page.split("## `POST /act`").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = table.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let mut deeds = Vec::new();
    for cell in rows.filter_map(|row| row.split('|').nth(1)) {
        let bare: String = cell
            .split('(')
            .map(|part| part.split_once(')').map_or(part, |(_, after)| after))
            .collect();
        deeds.extend(bare.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    assert!(deeds.len() > 10, "{deeds:?}");
    deeds
}
