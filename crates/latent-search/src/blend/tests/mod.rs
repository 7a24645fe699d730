mod border;
mod golden;
mod images;
mod reference;
mod solver;
