// Chains that run, asked from a page.
import * as spanlight from "spanlight/inline";
import { live } from "./live.mjs";

globalThis.runSuite = ({ devnet }) => live(spanlight, devnet);
