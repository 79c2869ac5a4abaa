/** The addon's face for this area. */
export interface IpvsAddon {}
