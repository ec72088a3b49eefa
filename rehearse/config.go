package rehearse

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// prometheusFile is what matters here of a prometheus.yml.
type prometheusFile struct {
	Global struct {
		ScrapeInterval     model.Duration `yaml:"scrape_interval"`
		EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	} `yaml:"global"`
	RuleFiles []string    `yaml:"rule_files"`
	Jobs      []scrapeJob `yaml:"scrape_configs"`
}

// scrapeJob is one of its scrape_configs.
type scrapeJob struct {
	Name     string         `yaml:"job_name"`
	Interval model.Duration `yaml:"scrape_interval"`
	Path     string         `yaml:"metrics_path"`
	HTTPSD   []struct {
		URL     string         `yaml:"url"`
		Refresh model.Duration `yaml:"refresh_interval"`
	} `yaml:"http_sd_configs"`
}

// ruleFile is a file of rules that was read.
type ruleFile struct {
	path   string
	groups []rulefmt.RuleGroup
}

// configuration is the control loop's configuration.
type configuration struct {
	prometheus prometheusFile
	rules      []ruleFile
	receivers  *amconfig.Config
}

// readConfig reads the files of a control loop. Errors name the file.
func readConfig(files fs.FS, prometheus, alertmanager string, p parser.Parser) (*configuration, error) {
	c := &configuration{}
	data, err := fs.ReadFile(files, prometheus)
	if err != nil {
		return nil, fmt.Errorf("read Prometheus's configuration: %w", err)
	}
	if err := yaml.Unmarshal(data, &c.prometheus); err != nil {
		return nil, fmt.Errorf("read %s: %w", prometheus, err)
	}
	c.prometheus.fill()
	if c.rules, err = readRules(files, path.Dir(prometheus), c.prometheus.RuleFiles, p); err != nil {
		return nil, err
	}
	if data, err = fs.ReadFile(files, alertmanager); err != nil {
		return nil, fmt.Errorf("read Alertmanager's configuration: %w", err)
	}
	if c.receivers, err = amconfig.Load(string(data)); err != nil {
		return nil, fmt.Errorf("read %s: %w", alertmanager, err)
	}
	return c, nil
}

// fill sets what is not said to Prometheus's defaults.
func (p *prometheusFile) fill() {
	setDefault := func(d *model.Duration, to model.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	setDefault(&p.Global.ScrapeInterval, model.Duration(time.Minute))
	setDefault(&p.Global.EvaluationInterval, model.Duration(time.Minute))
	for i := range p.Jobs {
		job := &p.Jobs[i]
		setDefault(&job.Interval, p.Global.ScrapeInterval)
		if job.Path == "" {
			job.Path = "/metrics"
		}
		for j := range job.HTTPSD {
			setDefault(&job.HTTPSD[j].Refresh, model.Duration(time.Minute))
		}
	}
}

// readRules reads the files that match the patterns, which are relative to dir.
func readRules(files fs.FS, dir string, patterns []string, p parser.Parser) ([]ruleFile, error) {
	var read []ruleFile
	var errs []error
	for _, pattern := range patterns {
		names, err := fs.Glob(files, path.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("rule_files: %s: %w", pattern, err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(files, name)
			if err != nil {
				errs = append(errs, fmt.Errorf("read rules: %w", err))
				continue
			}
			groups, problems := rulefmt.Parse(data, false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
			for _, problem := range problems {
				errs = append(errs, fmt.Errorf("read %s: %w", name, problem))
			}
			if len(problems) == 0 {
				read = append(read, ruleFile{name, groups.Groups})
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(read) == 0 {
		return nil, fmt.Errorf("no rules: no file matches the rule_files %q below %s", patterns, dir)
	}
	return read, nil
}
