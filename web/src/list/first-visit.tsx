// What an empty system says of itself.
import { deployPath } from "../route";
import { hello } from "../stream/store";
import { Command } from "../ui/command";

export function FirstVisit() {
  const swarm = hello.value?.orchestration === "swarm";
  const at = location.origin;
  const secret = "$(cat .faas/secrets/basic-auth-password)";
  const deploy = swarm
    ? `{"service": "hello", "image": "ghcr.io/openfaas/alpine:latest", "envProcess": "cat"}`
    : `{"service": "hello", "image": "example/hello", "envProcess": "cat"}`;
  return (
    <div class="first stack" data-testid="first-visit">
      <div>
        <h1>No functions yet</h1>
        <p class="muted">
          A function is any program that reads its standard input and writes its standard output. Deploy one, call it, and watch
          how many replicas it gets: three commands, in the folder where faas was started.
        </p>
      </div>
      <ol class="stack">
        <li class="card">
          <h2>Deploy a function</h2>
          <p class="muted">
            {swarm ? "An image with a watchdog inside, and the command that it runs: cat gives back what it gets." : "Without Docker the command runs on the gateway's machine: cat gives back what it gets."}
            {" "}Or <a href={deployPath()}>use the form</a>.
          </p>
          <Command label="Copy the command that deploys" text={`curl -u "admin:${secret}" ${at}/system/functions \\\n  -d '${deploy}'`} />
        </li>
        <li class="card">
          <h2>Call it</h2>
          <p class="muted">The answer is what was sent. This page shows the function as soon as it is there.</p>
          <Command label="Copy the command that calls" text={`curl ${at}/function/hello -d 'hello'`} />
        </li>
        <li class="card">
          <h2>Give it load, and watch it scale</h2>
          <p class="muted">
            Fifty requests a second for half a minute. One replica carries five of them, so there will be twelve within seconds, and one
            again half a minute after the load has ended.
          </p>
          <Command label="Copy the command that makes load" text={`bin/hey -z 30s -c 10 -q 5 ${at}/function/hello`} />
        </li>
      </ol>
    </div>
  );
}
