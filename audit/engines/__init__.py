"""Other engines that run the same relations: Spark, for logs that one machine does not hold."""
