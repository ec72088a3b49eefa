// Command changecolor is a sample function for Alexa: it answers the ChangeColorIntent by telling a light, over MQTT, which colour
// it shall have.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"faas/functions/alexa"
)

// patience is how long the broker may take. Alexa waits for eight seconds.
const patience = 6 * time.Second

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	code := skill(os.Getenv).Serve(ctx, os.Stdin, os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

func skill(env func(string) string) alexa.Skill {
	return alexa.Skill{
		Name: "changecolor", Intents: []string{"ChangeColorIntent", "ChangeColourIntent"}, Help: "Tell me a colour for the light, such as teal.",
		Answer: func(ctx context.Context, i alexa.Intent) (string, error) { return answer(ctx, i, env) },
	}
}

func answer(ctx context.Context, i alexa.Intent, env func(string) string) (string, error) {
	const known = "Say one that web pages have, such as red, teal or light blue."
	said := i.Slot("LedColor", "LedColour", "Color", "Colour")
	if said == "" {
		return "I did not hear a colour. " + known, nil
	}
	c, ok := colour(said)
	if !ok {
		return fmt.Sprintf("I do not know the colour %.40s. %s", said, known), nil
	}
	b, err := brokerOf(env)
	if err != nil {
		return "The light is not set up rightly.", err
	}
	switch err := b.publish(ctx, c); {
	case errors.Is(err, errNobody):
		return "I told the light, but no light listens.", err
	case err != nil:
		return "Sorry, I cannot reach the light.", err
	}
	return fmt.Sprintf("The light is %s now.", said), nil
}
