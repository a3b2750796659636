//! Tables of the collection flow.
