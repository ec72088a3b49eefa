package top

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Model is the interactive view as Bubble Tea runs it. It samples once a second, and goes on trying
// while the gateway is away.
type Model struct {
	ctx      context.Context //nolint:containedctx // Bubble Tea's commands take none
	sample   func(context.Context) (Sample, error)
	interval time.Duration

	last    Sample
	history History
	view    View
}

// NewModel makes a Model that starts from the sample first and gets the others from sample until ctx ends.
func NewModel(ctx context.Context, gateway string, first Sample, sample func(context.Context) (Sample, error)) *Model {
	m := &Model{
		ctx: ctx, sample: sample, interval: time.Second, last: first, history: History{},
		view: View{Gateway: gateway, Sort: SortName, Width: 80, Height: 24},
	}
	m.take(first)
	return m
}

// Begin sets what the rows are sorted by and, unless it is empty, which function is selected, before the model runs. It reports whether
// there is that function.
func (m *Model) Begin(sort SortKey, selected string) bool {
	m.view.Sort = sort
	if selected != "" {
		m.view.Selected = selected
	}
	m.arrange()
	return selected == "" || m.view.Selected == selected
}

// sampled is the message that a sample was taken, or why not.
type sampled struct {
	sample Sample
	err    error
}

// next takes a sample after the interval.
func (m *Model) next() tea.Cmd {
	return tea.Tick(m.interval, func(time.Time) tea.Msg {
		s, err := m.sample(m.ctx)
		return sampled{s, err}
	})
}

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return m.next() }

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.view.Width, m.view.Height = msg.Width, msg.Height
	case sampled:
		m.view.Stale = msg.err
		if msg.err == nil {
			m.take(msg.sample)
		}
		return m, m.next()
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	}
	return m, nil
}

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := m.view
	v.Points = m.history[v.Selected]
	for _, d := range m.last.Decisions {
		if d.Function == v.Selected {
			v.Decisions = append(v.Decisions, d)
		}
	}
	screen := tea.NewView(v.Render())
	screen.AltScreen = true
	screen.WindowTitle = "faas top"
	return screen
}

func (m *Model) take(s Sample) {
	rows := Rows(m.last, s)
	m.history.Add(rows)
	m.last = s
	m.view.Rows, m.view.At, m.view.ControlLoop = rows, s.At, s.ControlLoop
	m.arrange()
}

// arrange sorts the rows and has one of them selected.
func (m *Model) arrange() {
	Sort(m.view.Rows, m.view.Sort)
	if m.selected() < 0 {
		m.view.Selected = ""
		if len(m.view.Rows) > 0 {
			m.view.Selected = m.view.Rows[0].Name
		}
	}
}

func (m *Model) selected() int {
	return slices.IndexFunc(m.view.Rows, func(r Row) bool { return r.Name == m.view.Selected })
}

func (m *Model) key(key string) tea.Cmd {
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup":
		m.move(-10)
	case "pgdown":
		m.move(10)
	case "home":
		m.move(-len(m.view.Rows))
	case "end":
		m.move(len(m.view.Rows))
	}
	if sort, ok := map[string]SortKey{
		"n": SortName, "r": SortRate, "i": SortInFlight, "p": SortP99, "e": SortErrors, "c": SortReplicas,
	}[key]; ok {
		m.view.Sort = sort
		m.arrange()
	}
	return nil
}

func (m *Model) move(by int) {
	if n := len(m.view.Rows); n > 0 {
		m.view.Selected = m.view.Rows[max(0, min(m.selected()+by, n-1))].Name
	}
}
