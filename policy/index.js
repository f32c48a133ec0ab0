import "./late-packages.js";
import "./pack.ts";
