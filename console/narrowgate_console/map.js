// Draws the city's devices on a Leaflet map, from /api/v1/map: a dot a device, an outline a zone.
window.ngMap = (element, settings) => {
  const colours = { case: "#d64541", silent: "#e0a11b", well: "#1f9d6b", off: "#9aa6b6" };
  const order = ["off", "well", "silent", "case"];
  const drawn = L.layerGroup().addTo(element.map);
  const note = document.createElement("div");
  note.className = "ng-map-note";
  element.$el.appendChild(note);
  let isPlaced = false;

  const text = (value) => {
    const holder = document.createElement("span");
    holder.textContent = value;
    return holder.innerHTML;
  };

  const zonesOf = (city, rows) => {
    const zones = new Map();
    for (const row of rows) {
      if (!city.zone[row]) continue;
      if (!zones.has(city.zone[row])) zones.set(city.zone[row], []);
      zones.get(city.zone[row]).push(row);
    }
    return zones;
  };

  // The convex hull of points [lat, lon], by the monotone chain.
  const hullOf = (points) => {
    const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    const half = (run) => {
      const kept = [];
      for (const point of run) {
        while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
        kept.push(point);
      }
      return kept.slice(0, -1);
    };
    return [...half(sorted), ...half(sorted.reverse())];
  };

  const drawZone = (city, name, rows) => {
    const faulty = rows.filter((row) => city.condition[row] === "case").length;
    const outline = L.polygon(hullOf(rows.map((row) => [city.lat[row], city.lon[row]])), {
      color: faulty ? colours.case : "#6f7c90", weight: faulty ? 1.5 : 1, opacity: 0.7,
      fillOpacity: faulty ? 0.1 : 0.05, smoothFactor: 0,
    });
    const label = `${text(name)} · ${faulty ? `${faulty}/` : ""}${rows.length}`;
    const always = { permanent: true, direction: "top", className: "ng-zone ng-zone-case", opacity: 1 };
    outline.bindTooltip(label, faulty ? always : { sticky: true, className: "ng-zone-hint" });
    outline.addTo(drawn);
  };

  const drawDevice = (city, row) => {
    const condition = city.condition[row];
    const where = `/devices/${encodeURIComponent(city.device[row])}${settings.suffix}`;
    L.circleMarker([city.lat[row], city.lon[row]], {
      radius: condition === "case" ? 6 : 3.5,
      weight: condition === "case" ? 2 : 0.5,
      color: "#fff", fillColor: colours[condition], fillOpacity: 0.95,
    })
      .bindPopup(
        `<a class="ng-link" href="${text(where)}">${text(city.device[row])}</a><br>` +
          `${text(city.zone[row] || settings.words.no_zone)} · ${text(settings.words[condition])}`,
      )
      .addTo(drawn);
  };

  const show = (city) => {
    const rows = [...city.device.keys()].filter((row) => city.lat[row] !== null && city.lon[row] !== null);
    rows.sort((a, b) => order.indexOf(city.condition[a]) - order.indexOf(city.condition[b]));
    drawn.clearLayers();
    note.textContent = rows.length ? "" : settings.words.no_places;
    element.$el.dataset.drawn = rows.length;
    if (!rows.length) return;
    if (!isPlaced) {
      element.map.fitBounds(rows.map((row) => [city.lat[row], city.lon[row]]), { padding: [24, 24] });
      isPlaced = true;
    }
    const zones = zonesOf(city, rows);
    if (zones.size <= 60) zones.forEach((members, name) => drawZone(city, name, members));
    for (const row of rows) drawDevice(city, row);
  };

  const look = async () => {
    if (!document.body.contains(element.$el)) return;
    try {
      const answer = await fetch("/api/v1/map", { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const open = drawn.getLayers().some((layer) => layer.isPopupOpen && layer.isPopupOpen());
      const city = await answer.json();
      if (!open) show(city);
    } catch {
      note.textContent = settings.words.not_read;
      element.$el.dataset.drawn ??= 0;
    }
    setTimeout(look, settings.every_ms);
  };
  look();
};
