export type Route = { at: "home" } | { at: "chat"; chat: string } | { at: "invite"; token: string };

/** What an address of this client means; anything unknown is the list of chats. */
export function routeOf(path: string): Route {
  const [, place, id, ...rest] = path.split("/");
  if (id === undefined || id === "" || rest.some((part) => part !== "")) return { at: "home" };
  if (place === "chats") return { at: "chat", chat: decodeURIComponent(id) };
  if (place === "join") return { at: "invite", token: decodeURIComponent(id) };
  return { at: "home" };
}

export function pathOf(route: Route): string {
  switch (route.at) {
    case "home":
      return "/";
    case "chat":
      return `/chats/${encodeURIComponent(route.chat)}`;
    case "invite":
      return `/join/${encodeURIComponent(route.token)}`;
  }
}

/** Where in the client this page is; follows the browser's back and forward. */
export class Router {
  route: Route = $state.raw(routeOf(location.pathname));

  constructor() {
    window.addEventListener("popstate", () => (this.route = routeOf(location.pathname)));
  }

  go(route: Route): void {
    if (pathOf(route) !== location.pathname) history.pushState(null, "", pathOf(route));
    this.route = route;
  }

  linkTo(route: Route): string {
    return new URL(pathOf(route), location.origin).href;
  }
}
