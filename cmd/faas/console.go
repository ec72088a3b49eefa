package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"faas/internal/top"
)

// console prints what `faas up` has to say to people: aligned lines, coloured only on a terminal and
// unless NO_COLOR is set.
type console struct {
	title, good, warn, bad, faint lipgloss.Style

	mu      sync.Mutex
	out     io.Writer
	holding bool
	held    []string
}

func newConsole(out io.Writer, environ []string) *console {
	plain := lipgloss.NewStyle()
	return &console{
		out:   colorprofile.NewWriter(out, environ),
		title: plain.Bold(true), faint: plain.Faint(true),
		good: plain.Foreground(lipgloss.Green), warn: plain.Foreground(lipgloss.Yellow), bad: plain.Foreground(lipgloss.Red),
	}
}

func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintln(c.out, text) // there is nobody else to tell
}

// hold keeps changes back until release.
func (c *console) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
}

func (c *console) release() {
	c.mu.Lock()
	held := c.held
	c.holding, c.held = false, nil
	c.mu.Unlock()
	for _, text := range held {
		c.print(text)
	}
}

// log prints a change, now or after release.
func (c *console) log(text string) {
	c.mu.Lock()
	if c.holding {
		c.held = append(c.held, text)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.print(text)
}

func (c *console) blank() { c.print("") }

// row is a line of the welcome: a name and what belongs to it.
func (c *console) row(name, text string) { c.print(fmt.Sprintf("  %-13s %s", name, text)) }

// change is a line of the log of changes, of who changed, to what, and why.
func (c *console) change(who, what, why string) { c.line(lipgloss.NewStyle(), who, what, why) }

// trouble is a change for the worse, recovery one for the better.
func (c *console) trouble(who, what, why string)  { c.line(c.bad, who, what, why) }
func (c *console) recovery(who, what, why string) { c.line(c.good, who, what, why) }

// scaled is a change of a function's replicas.
func (c *console) scaled(at time.Time, function string, from, to int, why string) {
	style := c.good
	if to < from {
		style = c.warn
	}
	c.lineAt(at, style, function, fmt.Sprintf("%d → %d", from, to), why)
}

func (c *console) line(style lipgloss.Style, who, what, why string) {
	c.lineAt(time.Now(), style, who, what, why)
}

// lineAt prints why over more lines where it has them. Control characters are taken out of all, since what a
// function wrote must not drive the terminal.
func (c *console) lineAt(at time.Time, style lipgloss.Style, who, what, why string) {
	lines := strings.Split(why, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(top.Printable(lines[i]), " ")
	}
	text := fmt.Sprintf("%s  %-16s  %s  %s", c.faint.Render(at.Local().Format("15:04:05")), top.Printable(who),
		style.Render(fmt.Sprintf("%-9s", top.Printable(what))), strings.Join(lines, "\n"))
	c.log(strings.TrimRight(text, " "))
}
