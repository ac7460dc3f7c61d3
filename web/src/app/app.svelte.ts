import { createContext } from "svelte";
import { accounts } from "../api/calls";
import { asProblem } from "../api/problem";
import { isLocale, language } from "../i18n/index.svelte";
import { LiveRoom } from "../room/live_room.svelte";
import type { Account, PersonaChoice } from "../wire";
import { ChatList } from "./chat_list.svelte";
import { Notices } from "./notices.svelte";
import { Router } from "./router.svelte";

/** What the whole client shares: who is signed in, where one is, and the one voice chat one is in. */
export class App {
  account: Account | null = $state.raw(null);
  /** `unknown` until the server has said who the cookie belongs to. */
  entry: "unknown" | "out" | "in" = $state("unknown");
  room: LiveRoom | null = $state.raw(null);
  /** The voice chat goes on in a small bar while its panel is put away. */
  roomMinimised = $state(false);
  readonly router = new Router();
  readonly list = new ChatList();
  readonly notices = new Notices();

  async begin(): Promise<void> {
    try {
      this.#enter(await accounts.me());
    } catch (error) {
      if (asProblem(error).status !== 401) this.notices.complain(error);
      this.entry = "out";
    }
  }

  /** @throws Problem */
  async signIn(handle: string, password: string): Promise<void> {
    this.#enter((await accounts.signIn(handle, password)).account);
  }

  /** @throws Problem */
  async signUp(handle: string, name: string, password: string): Promise<void> {
    await accounts.signUp({ handle, display_name: name, password, locale: language.locale });
    await this.signIn(handle, password);
  }

  async signOut(): Promise<void> {
    this.leaveRoom();
    await this.notices.attempt(accounts.signOut);
    this.account = null;
    this.entry = "out";
    this.router.go({ at: "home" });
  }

  joinRoom(room: string, chat: string, as: PersonaChoice): void {
    this.leaveRoom();
    this.room = new LiveRoom(room, chat, as, (error) => this.notices.complain(error));
    this.roomMinimised = false;
  }

  leaveRoom(): void {
    this.room?.leave();
    this.room = null;
  }

  #enter(account: Account): void {
    if (isLocale(account.locale) && localStorage.getItem("palabre.locale") === null) language.choose(account.locale);
    this.account = account;
    this.entry = "in";
  }
}

export const [useApp, provideApp] = createContext<App>();
