// SPDX-License-Identifier: Apache-2.0
// A page that is opened from a file may not start a Worker, in which the search of the site runs. There, the script
// of the worker runs in a frame instead, with the functions that a worker has.

if (location.protocol === "file:") {
  globalThis.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.documentElement.append(frame);
      this.inner = frame.contentWindow;
      this.ready = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
      const page = this.inner.document;
      page.open();
      this.inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.inner.importScripts = (...files) => Promise.all(files.map((file) => load(page, new URL(file, url))));
      page.write("<!doctype html><title>worker</title>");
      load(page, url);
      page.close();
    }

    async postMessage(data) {
      await this.ready;
      this.inner.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.inner.frameElement.remove();
    }
  };
}

function load(page, url) {
  return new Promise((resolve, reject) => {
    const script = page.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = reject;
    page.head.append(script);
  });
}
