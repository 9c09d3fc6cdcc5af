"""The ranker: what all sources propose, put in one order by gradient-boosted trees."""
