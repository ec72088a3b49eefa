package main

import (
	"errors"
	"time"

	"faas/rehearse"
)

func hpaPolicy(time.Duration) rehearse.Policy { return nil }

func kpaPolicy() rehearse.Policy { return nil }

// errNoRival is answered until that one can be rehearsed.
var errNoRival = errors.New("it cannot be rehearsed yet")
