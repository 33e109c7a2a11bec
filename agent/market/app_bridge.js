"use strict";
// Tells an App what its host says, and answers the host, after version 2026-01-26 of the extension. The App is an object:
// its `name` and `title`, and what it does with a result (`show`), when the call was cancelled (`cancelled`), and with what
// the host says of itself (`adapt`). A file that was opened without a host has nobody to talk to.
function joinHost({name, title, show, cancelled, adapt}) {
  const host = window.parent, root = document.documentElement;
  if (host === window) return;
  const send = (message) => host.postMessage({jsonrpc: "2.0", ...message}, "*");
  const heard = {
    "ui/notifications/tool-result": show,
    "ui/notifications/tool-cancelled": cancelled,
    "ui/notifications/host-context-changed": adapt,
  };

  // No width: an App takes the one that it is given, and a host that sets what it is told would keep it for good.
  // And nothing while it is hidden, when a text has no place to stand in.
  const tell = () => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    if (height && window.innerWidth) send({method: "ui/notifications/size-changed", params: {height}});
  };
  const begin = ({hostContext}) => {
    adapt(hostContext ?? {});
    send({method: "ui/notifications/initialized", params: {}});
    new ResizeObserver(tell).observe(root);
  };

  addEventListener("message", ({source, data}) => {
    if (source !== host || data?.jsonrpc !== "2.0") return;
    const {id, method, params, result} = data;
    if (method === undefined) {
      if (id === 1 && result) begin(result);
    } else if (id === undefined) {
      heard[method]?.(params ?? {});
    } else if (method === "ui/resource-teardown" || method === "ping") {
      send({id, result: {}});
    } else {
      send({id, error: {code: -32601, message: `${method} is not known here`}});
    }
  });
  const appInfo = {name, title, version: "1"};
  const appCapabilities = {availableDisplayModes: ["inline", "fullscreen"]};
  send({id: 1, method: "ui/initialize", params: {appInfo, appCapabilities, protocolVersion: "2026-01-26"}});
}

// What a result says to whoever cannot be shown more.
function textOf(result) {
  return (result.content ?? []).map((block) => block.text).filter(Boolean).join("\n");
}
