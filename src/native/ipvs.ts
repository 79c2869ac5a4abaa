/** The addon's face for this area. */
export type IpvsAddon = {};
