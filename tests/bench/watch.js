// On the agent's desk: when a patient's name came into the page, and when its telephone rang.
(() => {
  window.benchSeen = [];
  window.benchRings = [];
  let last = "";
  const look = () => {
    const name = document.querySelector("#pop .patient-head h2 a")?.textContent.trim() ?? "";
    if (name && name !== last) window.benchSeen.push([name, Date.now()]);
    last = name || last;
  };
  const ring = () => {
    if (document.getElementById("dock").dataset.call === "ringing") window.benchRings.push(Date.now());
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  new MutationObserver(ring).observe(document.getElementById("dock"), { attributeFilter: ["data-call"] });
})();
