#include "app/cli.h"

int main(int argc, char** argv) { return touchstone::command_line(argc, argv); }
