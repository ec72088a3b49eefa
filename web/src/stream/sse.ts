// A parser of server-sent events that takes text in any pieces. Only what the stream uses is kept: event and data.

export interface Message {
  event: string;
  data: string;
}

export class Parser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  // A "\r" at the end of a piece may be half of "\r\n".
  private skipLF = false;
  private readonly take: (message: Message) => void;

  constructor(take: (message: Message) => void) {
    this.take = take;
  }

  push(text: string): void {
    if (this.skipLF && text !== "") {
      if (text.startsWith("\n")) text = text.slice(1);
      this.skipLF = false;
    }
    const all = this.rest + text;
    // What was kept has no end of line in it, so the search begins behind it.
    let from = 0;
    for (let at = this.rest.length; at < all.length; at++) {
      const c = all.charCodeAt(at);
      if (c !== 10 && c !== 13) continue;
      this.line(all.slice(from, at));
      if (c === 13) {
        if (at + 1 === all.length) this.skipLF = true;
        else if (all.charCodeAt(at + 1) === 10) at++;
      }
      from = at + 1;
    }
    this.rest = all.slice(from);
  }

  private line(line: string): void {
    if (line === "") {
      if (this.data.length > 0) this.take({ event: this.event || "message", data: this.data.join("\n") });
      this.event = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") this.event = value;
    if (field === "data") this.data.push(value);
  }
}
