import { mount } from "svelte";
import "./app.css";
import { colours } from "./app/theme.svelte";
import App from "./view/App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
colours.apply();
mount(App, { target });
