import { chats } from "../../api/calls";
import type { Persona, PersonaList } from "../../wire";

export interface Choice {
  items: Persona[];
  preselected: Persona;
}

/** Who one may join as in this chat, with the remembered one first chosen. @throws Problem */
export async function choiceFor(chat: string): Promise<Choice> {
  const list = await chats.personas(chat);
  const preselected = rememberedOf(list) ?? list.items[0];
  if (preselected === undefined) throw new TypeError("the server names nobody to join as");
  return { items: list.items, preselected };
}

function rememberedOf({ items, remembered }: PersonaList): Persona | undefined {
  return items.find((persona) => persona.id === remembered?.id && persona.kind === remembered.kind);
}
