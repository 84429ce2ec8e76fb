"""Somebody asks before becoming a patient (咨询)."""
