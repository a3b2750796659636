//! Bodies of the sheet's examples, and what they are in the model.
