/// Rows with their columns aligned, a line each.
pub(crate) fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(wide);
    let line = |row: &[String; N]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// What there is to know of one thing, a line each.
pub(crate) fn fields<T: AsRef<str>>(fields: impl IntoIterator<Item = (T, String)>) -> String {
    fields.into_iter().map(|(name, value)| format!("{:<12} {value}\n", name.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let rows = [["a", "Café", "x"], ["acme", "b", ""]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(table(rows), "a     Café  x\nacme  b\n");
    }
}
