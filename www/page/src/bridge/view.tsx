import { text } from "../text/index.ts";
export function BridgeView() {
  return <h1>{text.value.bridgeView.heading}</h1>;
}
