"""Where the graph lives. The scheme of a store's URL names the file here that keeps its promises."""
