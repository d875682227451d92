/**
 * Literature: the stylised facts that are looked for, what was found of them elsewhere, and where.
 *
 * What must stay true: the range that a verdict goes by stands here in words.
 */

export interface KnownFact {
  readonly title: string;
  /** What the literature says, and what counts as "yes" here. */
  readonly says: string;
  readonly source: string;
}

export const FACTS = {
  "fat-tails": {
    title: "Fat tails",
    says: "returns have an excess kurtosis above 0; the tail exponent is about 3 (2 to 5)",
    source: "Cont 2001; Gopikrishnan et al. 1999",
  },
  "aggregational-gaussianity": {
    title: "Tails thin out with the horizon",
    says: "the excess kurtosis of ten seconds is below that of one",
    source: "Cont 2001",
  },
  "no-autocorrelation": {
    title: "Returns forget themselves",
    says: "returns of 10 s are hardly correlated with the next: under 0.1 either way",
    source: "Cont 2001",
  },
  "volatility-clustering": {
    title: "Volatility clusters",
    says: "|returns| are correlated over minutes and more; it falls like a power of 0.2 to 0.4",
    source: "Cont 2001; Bouchaud, Bonart, Donier, Gould 2018, ch. 2",
  },
  "sign-memory": {
    title: "Order signs remember",
    says: "the correlation of signs falls like a power below 1 (about 0.5) over 1,000 orders",
    source: "Lillo, Farmer 2004; Bouchaud et al. 2004",
  },
  spread: {
    title: "The spread widens with volatility",
    says: "mostly one tick where the tick is large; minutes that move more have wider spreads",
    source: "Wyart et al. 2008; Bouchaud, Bonart, Donier, Gould 2018, ch. 4 and 16",
  },
  depth: {
    title: "The book is deeper behind the touch",
    says: "average depth rises away from the mid before it falls: a hump",
    source: "Bouchaud, Mézard, Potters 2002",
  },
  "volume-volatility": {
    title: "Volume and volatility go together",
    says: "minutes that trade more move more: the correlation of their logarithms is above 0",
    source: "Karpoff 1987; Cont 2001",
  },
  "order-sizes": {
    title: "Sizes have a power-law tail",
    says: "the tail exponent of market orders is about 1.5; from 0.8 to 3 counts",
    source: "Gopikrishnan et al. 2000",
  },
  bursts: {
    title: "Orders come in bursts",
    says: "waits between market orders vary more than in a Poisson flow: burstiness above 0",
    source: "Goh, Barabási 2008; Bouchaud, Bonart, Donier, Gould 2018, ch. 9",
  },
  signature: {
    title: "The signature is flat",
    says: "variance per second at 5 s is that at 60 s, from 0.7 to 1.4; traded prices bounce below",
    source: "Bouchaud, Bonart, Donier, Gould 2018, ch. 2",
  },
  response: {
    title: "Orders move the mid their way",
    says: "the mid moves the way of a market order, and goes on for a while: R(10 s) above 0",
    source: "Bouchaud et al. 2004",
  },
  "order-impact": {
    title: "One order: size hardly matters",
    says: "the mid's way grows with the order's size to a power below 0.6",
    source: "Lillo, Farmer, Mantegna 2003; Bouchaud, Bonart, Donier, Gould 2018, ch. 11",
  },
  "square-root": {
    title: "Metaorders: the square root",
    says: "peak impact in daily volatilities is Y (Q/V)^0.5: 0.4 to 0.6, over two decades of Q",
    source: "Almgren et al. 2005; Donier, Bonart 2015; Sato, Kanazawa 2025",
  },
  "impact-path": {
    title: "Impact is concave on the way",
    says: "at half of a metaorder more than half of its impact is there (about 0.7)",
    source: "Moro et al. 2009; Bouchaud, Bonart, Donier, Gould 2018, ch. 12",
  },
  "impact-decay": {
    title: "Impact decays after the end",
    says: "twice the duration after the start, less than all of it is left, but not nothing",
    source: "Farmer, Gerig, Lillo, Waelbroeck 2013; Bucci et al. 2018",
  },
} as const satisfies Record<string, KnownFact>;

export type FactName = keyof typeof FACTS;
