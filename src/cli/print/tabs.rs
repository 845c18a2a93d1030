//! Text whose cells end with tabs, aligned with tabs: the layout of `oc describe`.

/// The distance of tab stops.
const STOP: usize = 8;

/// Aligns the cells of a text. A column reaches over neighbouring lines that have it; what follows the last tab of a line
/// is not aligned.
pub(in crate::cli) fn aligned(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let widths: Vec<Vec<usize>> = widths(&lines);
    let aligned = lines.iter().zip(&widths).map(|(cells, widths)| {
        let padded = cells.iter().enumerate().map(|(index, cell)| pad(cell, widths.get(index).copied()));
        padded.collect::<String>()
    });
    aligned.collect::<Vec<_>>().join("\n")
}

/// The width of each cell of each line, but of the last ones.
fn widths(lines: &[Vec<&str>]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|cells| vec![0; cells.len().saturating_sub(1)]).collect();
    let columns = widths.iter().map(Vec::len).max().unwrap_or_default();
    for column in 0..columns {
        let mut from = 0;
        while from < lines.len() {
            let block = lines.iter().skip(from).take_while(|cells| cells.len() > column + 1);
            let cells: Vec<usize> = block.filter_map(|cells| Some(cells.get(column)?.chars().count())).collect();
            // One column more than the longest cell, then on to the next stop.
            let width = (cells.iter().max().copied().unwrap_or_default() + 1).next_multiple_of(STOP);
            for cell in widths.iter_mut().skip(from).take(cells.len()).filter_map(|line| line.get_mut(column)) {
                *cell = width;
            }
            from += cells.len() + 1;
        }
    }
    widths
}

fn pad(cell: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return cell.to_owned() };
    let tabs = width.saturating_sub(cell.chars().count()).div_ceil(STOP);
    format!("{cell}{}", "\t".repeat(tabs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_reach_over_neighbouring_lines() {
        let text = "Name:\tapp\nImage Repository:\tr\n\nTags:\t1\n";
        assert_eq!(aligned(text), "Name:\t\t\tapp\nImage Repository:\tr\n\nTags:\t1\n");
    }

    #[test]
    fn a_line_without_a_cell_ends_the_column() {
        let text = "Layers:\t3.178kB\tsha256:2\n\t872B\tsha256:e\nImage Created:\t10 months ago\n";
        let expected = "Layers:\t\t3.178kB\tsha256:2\n\t\t872B\tsha256:e\nImage Created:\t10 months ago\n";
        assert_eq!(aligned(text), expected);
    }
}
