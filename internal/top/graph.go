package top

import (
	"math"
	"strings"
)

// eighths are the block characters of one to eight eighths of a cell's height.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// bars draws values as columns, the newest at the right, in lines of width cells. The tallest column is
// as high as top; unknown values leave a gap.
func bars(values []float64, top float64, width, height int) []string {
	values = values[max(0, len(values)-width):]
	lines := make([]string, height)
	for row := range height {
		var line strings.Builder
		line.WriteString(strings.Repeat(" ", width-len(values)))
		below := float64(height - 1 - row) // cells under this one
		for _, v := range values {
			line.WriteRune(cell(v, top, below, float64(height)))
		}
		lines[row] = line.String()
	}
	return lines
}

// under puts a shadow behind the columns of front, where back is higher.
func under(front, back []string) []string {
	for i := range front {
		cells, behind := []rune(front[i]), []rune(back[i])
		for j := range cells {
			if cells[j] == ' ' && behind[j] != ' ' {
				cells[j] = '░'
			}
		}
		front[i] = string(cells)
	}
	return front
}

// cell is the character of a column of value v at the given number of cells above the ground.
func cell(v, top, below, height float64) rune {
	if math.IsNaN(v) || top <= 0 || v <= 0 {
		return ' '
	}
	filled := min(v/top, 1) * height * 8
	if below == 0 {
		filled = max(filled, 1) // something is not nothing
	}
	n := int(math.Round(filled - below*8))
	return eighths[max(0, min(n, 8))]
}

// ceiling is the top of the axis for values: the least of 1, 2, 5, 10, … that holds them all.
func ceiling(values []float64) float64 {
	largest := 1.0
	for _, v := range values {
		if !math.IsNaN(v) {
			largest = max(largest, v)
		}
	}
	scale := math.Pow(10, math.Floor(math.Log10(largest)))
	for _, step := range []float64{1, 2, 5} {
		if step*scale >= largest {
			return step * scale
		}
	}
	return 10 * scale
}
