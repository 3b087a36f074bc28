//! Properties of whole comparisons.
