import "./style.css";
import { render } from "preact";
import { App } from "./app";
import { listenToKeys } from "./ui/keys";

listenToKeys();
const root = document.getElementById("app");
if (root) render(<App />, root);
