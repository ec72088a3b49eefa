import { render } from "preact";
import { App } from "./app";
import { listen } from "./route";
import { restoreSession } from "./session";
import { keepTitle } from "./title";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/shell.css";
import "./style/list.css";
import "./style/function.css";
import "./style/deploy.css";

listen();
keepTitle();
void restoreSession();
render(<App />, document.getElementById("app") as HTMLElement);
